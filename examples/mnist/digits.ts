import { type data, tensor, type Tensor } from "simdgrad";

export const SIDE = 28;
export const CLASSES = 10;
export const AREA = SIDE * SIDE;

/** Ink from 0 to 1 becomes what the network sees: mean 0 and deviation 1 over the training digits. */
const MEAN = 0.1307;
const DEVIATION = 0.3081;
export const normalise = (ink: number): number => (ink - MEAN) / DEVIATION;

/** The same, as a model file says it. */
export const PREPROCESSING = [{ step: "normalize", mean: MEAN, std: DEVIATION }] as const;

const OF_GREY = Float32Array.from({ length: 256 }, (_, grey) => normalise(grey / 255));

/** Digits in bytes; a batch is [images f32 [n, 1, 28, 28], labels i32 [n]]. */
export class Digits implements data.Dataset<[Tensor, Tensor]> {
  readonly length: number;
  readonly labels: Uint8Array;
  readonly #images: Uint8Array;

  constructor(images: Uint8Array, labels: Uint8Array) {
    this.length = labels.length;
    this.labels = labels;
    this.#images = images;
  }

  /** The grey values of one digit, row by row, 0 for paper and 255 for ink. */
  pixels(index: number): Uint8Array {
    return this.#images.subarray(index * AREA, (index + 1) * AREA);
  }

  /** The first `count` digits. */
  first(count: number): Digits {
    return new Digits(this.#images.subarray(0, count * AREA), this.labels.subarray(0, count));
  }

  /** The digits of these numbers, in this order. */
  pick(indices: readonly number[]): Digits {
    const images = new Uint8Array(indices.length * AREA);
    indices.forEach((index, i) => images.set(this.pixels(index), i * AREA));
    return new Digits(
      images,
      Uint8Array.from(indices, (index) => this.labels[index] ?? 0),
    );
  }

  /** Every `step`-th digit. */
  every(step: number): Digits {
    return this.pick(Array.from({ length: Math.floor(this.length / step) }, (_, i) => i * step));
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
