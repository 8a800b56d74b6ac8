import { rand, tensor, type Tensor } from "simdgrad";

/** What always answering 1 costs: the variance of the sum of two numbers that are uniform in [0, 1). */
export const GUESSING = 1 / 6;

export interface Batch {
  /** [n, length, 2]: at each step a number from 0 to 1, and a mark, 1 at two steps and 0 elsewhere. */
  readonly x: Tensor;
  /** [n, 1]: the sum of the two numbers that are marked. */
  readonly y: Tensor;
}

/**
 * The adding problem (S. Hochreiter & J. Schmidhuber, "Long short-term memory", 1997): the first mark stands somewhere in the first half, the
 * second in the second half. All other numbers are there to distract.
 */
export function addingProblem(n: number, length: number): Batch {
  const numbers = rand([n, length]).data;
  const places = rand([n, 2]).data;
  const x = new Float32Array(n * length * 2);
  const y = new Float32Array(n);
  numbers.forEach((number, i) => (x[2 * i] = number));
  places.forEach((place, i) => {
    const step = Math.floor(((i % 2) + place) * (length / 2));
    const at = 2 * ((i >> 1) * length + step);
    x[at + 1] = 1;
    y[i >> 1] = (y[i >> 1] ?? 0) + (x[at] ?? 0);
  });
  return { x: tensor(x, { shape: [n, length, 2] }), y: tensor(y, { shape: [n, 1] }) };
}
