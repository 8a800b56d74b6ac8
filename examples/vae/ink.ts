import { type data, rand, tensor, type Tensor } from "simdgrad";
import { AREA, type Digits } from "../mnist/digits.ts";

/**
 * Digits without their labels, in black and white: each time a pixel is asked for it is ink with the probability that its grey says, so
 * that the costs are honest probabilities. A batch is f32 [n, AREA] of 0 and 1.
 */
export class Ink implements data.Dataset<Tensor> {
  readonly length: number;
  readonly #digits: Digits;

  constructor(digits: Digits) {
    this.length = digits.length;
    this.#digits = digits;
  }

  get(index: number): Tensor {
    return this.batch(Int32Array.of(index)).select(0, 0);
  }

  batch(indices: Int32Array): Tensor {
    const greys = new Float32Array(indices.length * AREA);
    indices.forEach((index, i) => greys.set(this.#digits.pixels(index), i * AREA));
    const probability = tensor(greys, { shape: [indices.length, AREA] }).div(255);
    return rand(probability.shape).lt(probability).to("f32");
  }
}
