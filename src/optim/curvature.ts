import { noGrad } from "../autograd/mode.ts";
import { mul, sub } from "../ops/arithmetic.ts";
import { add_, mul_ } from "../ops/inplace.ts";
import { dot } from "../ops/products.ts";
import { neg } from "../ops/unary.ts";
import { own } from "../tensor/lifetime.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A step that was taken: its change of the parameters and of the gradient, and 1 / their product. */
export interface Pair {
  readonly change: Tensor;
  readonly bend: Tensor;
  readonly ro: number;
}

/** Below this product of a change and its bend a step tells nothing of the curvature. */
const LEAST = 1e-10;

/** Runs `fn` without recording; its result lives until it is disposed of. */
export const hold = (fn: () => Tensor): Tensor => noGrad(() => own(fn()));

export const product = (a: Tensor, b: Tensor): number => noGrad(() => dot(a, b).item());

/** What the last steps tell of the curvature: the memory of L-BFGS. */
export class Curvature {
  /** The oldest first. */
  pairs: Pair[] = [];
  /** What the inverse of the curvature begins from, times the unit matrix. */
  scale = 1;

  /** Learns from a step of t · direction between two gradients, in the place of the oldest where there are `most`. */
  learn(direction: Tensor, t: number, before: Tensor, after: Tensor, most: number): void {
    const bend = hold(() => sub(after, before));
    const change = hold(() => mul(direction, t));
    const curvature = product(bend, change);
    if (!(curvature > LEAST)) {
      bend.dispose();
      change.dispose();
      return;
    }
    if (this.pairs.length >= most) drop(this.pairs.splice(0, 1 + this.pairs.length - most));
    this.pairs.push({ change, bend, ro: 1 / curvature });
    this.scale = curvature / product(bend, bend);
  }

  /** −H · gradient, H the inverse of the curvature, by the two loops of J. Nocedal (1980). */
  downhill(gradient: Tensor): Tensor {
    return hold(() => {
      const d = neg(gradient);
      const shares: number[] = [];
      for (const { change, bend, ro } of [...this.pairs].reverse()) {
        const share = ro * dot(change, d).item();
        shares.push(share);
        add_(d, bend, { alpha: -share });
      }
      mul_(d, this.scale);
      for (const { change, bend, ro } of this.pairs)
        add_(d, change, { alpha: (shares.pop() as number) - ro * dot(bend, d).item() });
      return d;
    });
  }

  /** Begins anew. */
  forget(): void {
    drop(this.pairs.splice(0));
    this.scale = 1;
  }
}

function drop(pairs: readonly Pair[]): void {
  for (const { change, bend } of pairs) {
    change.dispose();
    bend.dispose();
  }
}
