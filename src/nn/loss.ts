import { crossEntropy, type CrossEntropyOptions } from "../ops/classloss.ts";
import { binaryCrossEntropyWithLogits, mseLoss, type BceOptions, type LossOptions } from "../ops/loss.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

/** crossEntropy with its options kept. */
export class CrossEntropyLoss extends Module {
  readonly options: CrossEntropyOptions;

  constructor(options: CrossEntropyOptions = {}) {
    super();
    this.options = options;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, this.options);
  }
}

/** mseLoss with its options kept. */
export class MSELoss extends Module {
  readonly options: LossOptions;

  constructor(options: LossOptions = {}) {
    super();
    this.options = options;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options);
  }
}

/** binaryCrossEntropyWithLogits with its options kept. */
export class BCEWithLogitsLoss extends Module {
  readonly options: BceOptions;

  constructor(options: BceOptions = {}) {
    super();
    this.options = options;
  }

  override forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(input, target, this.options);
  }
}
