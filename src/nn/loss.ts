import { crossEntropy, type CrossEntropyOptions } from "../ops/classloss.ts";
import { binaryCrossEntropyWithLogits, mseLoss, type BceOptions, type LossOptions } from "../ops/loss.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Optioned } from "./optioned.ts";

/** crossEntropy with its options kept. */
export class CrossEntropyLoss extends Optioned<CrossEntropyOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, this.options);
  }
}

/** mseLoss with its options kept. */
export class MSELoss extends Optioned<LossOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options);
  }
}

/** binaryCrossEntropyWithLogits with its options kept. */
export class BCEWithLogitsLoss extends Optioned<BceOptions> {
  override forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(input, target, this.options);
  }
}
