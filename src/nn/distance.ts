import { cosineSimilarity, pairwiseDistance, type SimilarityOptions } from "../ops/distance.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Optioned } from "./optioned.ts";

/** The cosine of the angle between two inputs along `dim` (default 1); lengths below eps (1e−8) count as eps. */
export class CosineSimilarity extends Optioned<SimilarityOptions> {
  override forward(x: Tensor, y: Tensor): Tensor {
    return cosineSimilarity(x, y, this.options);
  }
}

/** ‖x − y + eps‖ₚ along the last dimension: p 2, eps 1e−6 and keepdim false by default. */
export class PairwiseDistance extends Optioned<{ p?: number; eps?: number; keepdim?: boolean }> {
  override forward(x: Tensor, y: Tensor): Tensor {
    return pairwiseDistance(x, y, this.options);
  }
}
