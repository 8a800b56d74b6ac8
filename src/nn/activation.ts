import { gelu, relu, sigmoid, tanh } from "../ops/activation.ts";
import { softmax } from "../ops/softmax.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";
import { Optioned } from "./optioned.ts";

/** The activations of src/ops as layers. */

/** One without any argument. */
abstract class Plain extends Module {
  override config(): readonly unknown[] {
    return [];
  }
}

/** max(x, 0). */
export class ReLU extends Plain {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** 1 / (1 + e^(−x)). */
export class Sigmoid extends Plain {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Plain {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** x·Φ(x). */
export class GELU extends Optioned<{ approximate?: "none" | "tanh" }> {
  override forward(x: Tensor): Tensor {
    return gelu(x, this.options);
  }
}

/** exp(xᵢ) / Σ exp(x) along `dim`. */
export class Softmax extends Optioned<{ dim: number }> {
  override forward(x: Tensor): Tensor {
    return softmax(x, this.options);
  }
}
