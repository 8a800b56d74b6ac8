import { dropout } from "../ops/dropout.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkProbability } from "./arguments.ts";
import { Module } from "./module.ts";

/** What the layers share that drop in training and hand through in eval mode. */
abstract class Dropping extends Module {
  readonly p: number;

  constructor(p = 0.5) {
    super();
    this.p = checkProbability(this.constructor.name, "p", p);
  }

  override config(): readonly unknown[] {
    return [this.p];
  }
}

/** In training zeroes elements with probability p (default 0.5) and scales the rest by 1/(1 − p). */
export class Dropout extends Dropping {
  override forward(x: Tensor): Tensor {
    return dropout(x, { p: this.p, training: this.training });
  }
}
