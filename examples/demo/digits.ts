/** The MNIST digits, fetched as the IDX files that they come in. */
import { data } from "simdgrad";
import { Digits, SIDE } from "../mnist/digits.ts";

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
