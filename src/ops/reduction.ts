import { ValueError } from "../errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mean, sum } from "./reduce.ts";

/** What becomes of the losses of the samples: their mean (default), their sum, or each. */
export type Reduction = "mean" | "sum" | "none";

export function checkReduction(op: string, reduction: string = "mean"): Reduction {
  if (reduction !== "mean" && reduction !== "sum" && reduction !== "none") {
    throw new ValueError(
      `${op}: reduction must be "mean", "sum" or "none", got ${JSON.stringify(reduction)}`,
    );
  }
  return reduction;
}

/** The losses of the samples as the reduction wants them. */
export const reduced = (losses: Tensor, reduction: Reduction): Tensor =>
  reduction === "mean" ? mean(losses) : reduction === "sum" ? sum(losses) : losses;
