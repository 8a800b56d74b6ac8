/** The MNIST digits, fetched as the IDX files that they come in. */
import { data, tensor, type Tensor } from "simdgrad";
import { AREA, SIDE } from "./size.ts";

/** Ink from 0 to 1 becomes what the network sees: mean 0 and deviation 1 over the training digits. */
const MEAN = 0.1307;
const DEVIATION = 0.3081;
export const normalise = (ink: number): number => (ink - MEAN) / DEVIATION;

const OF_GREY = Float32Array.from({ length: 256 }, (_, grey) => normalise(grey / 255));

/** A batch is [images f32 [n, 1, 28, 28], labels i32 [n]]. */
export class Digits implements data.Dataset<[Tensor, Tensor]> {
  readonly length: number;
  readonly labels: Uint8Array;
  readonly #images: Uint8Array;

  constructor(images: Uint8Array, labels: Uint8Array) {
    this.length = labels.length;
    this.labels = labels;
    this.#images = images;
  }

  /** Grey values of one digit, 255 for ink. */
  pixels(index: number): Uint8Array {
    return this.#images.subarray(index * AREA, (index + 1) * AREA);
  }

  /** The first `count` digits. */
  first(count: number): Digits {
    return new Digits(this.#images.subarray(0, count * AREA), this.labels.subarray(0, count));
  }

  get(index: number): [Tensor, Tensor] {
    const [images, labels] = this.batch(Int32Array.of(index));
    return [images.select(0, 0), labels.select(0, 0)];
  }

  batch(indices: Int32Array): [Tensor, Tensor] {
    const images = new Float32Array(indices.length * AREA);
    const labels = new Int32Array(indices.length);
    let to = 0;
    indices.forEach((index, i) => {
      for (const grey of this.pixels(index)) images[to++] = OF_GREY[grey] ?? 0;
      labels[i] = this.labels[index] ?? 0;
    });
    return [tensor(images, { shape: [indices.length, 1, SIDE, SIDE] }), tensor(labels)];
  }
}

const FILES = [
  "train-images-idx3-ubyte",
  "train-labels-idx1-ubyte",
  "t10k-images-idx3-ubyte",
  "t10k-labels-idx1-ubyte",
] as const;

async function download(
  url: string,
  arrived: (bytes: number, announced: number) => void,
): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok || response.body === null) {
    throw new Error(`cannot fetch ${url}: ${response.status} ${response.statusText}`);
  }
  // What a compressing server announces is not the size of what arrives.
  const announced = response.headers.has("content-encoding")
    ? 0
    : Number(response.headers.get("content-length"));
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    chunks.push(part.value);
    loaded += part.value.length;
    arrived(loaded, announced);
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function digitsOf(images: Uint8Array, labels: Uint8Array, name: string): Digits {
  const { shape, data: pixels } = data.readIdx(images, {
    name: `${name} images`,
    expect: { dtype: "u8", rank: 3 },
  });
  const { data: classes } = data.readIdx(labels, {
    name: `${name} labels`,
    expect: { dtype: "u8", rank: 1 },
  });
  const [count, height, width] = shape;
  if (height !== SIDE || width !== SIDE || count !== classes.length) {
    throw new Error(`${name} digits: [${shape.join(", ")}] pixels and ${classes.length} labels do not fit`);
  }
  return new Digits(pixels, classes);
}

/**
 * Fetches all digits.
 * @param folder the address of the files, with a slash at its end.
 * @param progress told how far it is, in bytes; the total is 0 as long as it is unknown.
 */
export async function loadDigits(
  folder: string,
  progress: (loaded: number, total: number) => void,
): Promise<{ train: Digits; test: Digits }> {
  const loaded = FILES.map(() => 0);
  const totals = FILES.map(() => 0);
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const files = FILES.map((name, i) =>
    download(folder + name, (bytes, announced) => {
      loaded[i] = bytes;
      totals[i] = announced;
      progress(sum(loaded), totals.includes(0) ? 0 : sum(totals));
    }),
  ) as [Promise<Uint8Array>, Promise<Uint8Array>, Promise<Uint8Array>, Promise<Uint8Array>];
  const [a, b, c, d] = await Promise.all(files);
  return { train: digitsOf(a, b, "training"), test: digitsOf(c, d, "test") };
}
