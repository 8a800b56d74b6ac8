import { ShapeError } from "../errors.ts";
import {
  gelu,
  glu,
  logsigmoid,
  mish,
  relu,
  sigmoid,
  silu,
  softplus,
  softsign,
  tanh,
  tanhshrink,
} from "../ops/activation.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { reshape } from "../ops/movement.ts";
import {
  celu,
  clamp,
  elu,
  hardshrink,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  relu6,
  selu,
  softshrink,
  threshold,
} from "../ops/piecewise.ts";
import { logSoftmax, softmax } from "../ops/softmax.ts";
import { neg } from "../ops/unary.ts";
import { full } from "../tensor/create.ts";
import { rand } from "../tensor/random.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkCount, optional } from "./arguments.ts";
import { Module } from "./module.ts";
import { Optioned, Plain } from "./optioned.ts";
import { Parameter } from "./parameter.ts";

/** Activations as layers: the ops of the same names with their options kept. */

/** max(x, 0). */
export class ReLU extends Plain {
  override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** min(max(x, 0), 6). */
export class ReLU6 extends Plain {
  override forward(x: Tensor): Tensor {
    return relu6(x);
  }
}

/** x above 0, negativeSlope·x (default 0.01) below. */
export class LeakyReLU extends Optioned<{ negativeSlope?: number }> {
  override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.options);
  }
}

/**
 * x above 0, weight·x below, with a slope to learn for all channels, or for each of `numParameters` (the second dimension). It starts at
 * `init` (default 0.25). Rule: K. He et al. 2015.
 */
export class PReLU extends Module {
  readonly weight: Parameter;
  readonly init: number;

  constructor(options: { numParameters?: number; init?: number } = {}) {
    super();
    this.init = options.init ?? 0.25;
    this.weight = new Parameter(
      full([checkCount("PReLU", "numParameters", options.numParameters ?? 1)], this.init),
    );
  }

  override forward(x: Tensor): Tensor {
    const channels = this.weight.size;
    if (channels > 1 && x.shape[1] !== channels)
      throw new ShapeError(`PReLU: takes ${channels} channels, got ${formatShape(x.shape)} ([n, c, ...])`);
    const slope =
      channels > 1 ? reshape(this.weight, [channels, ...x.shape.slice(2).map(() => 1)]) : this.weight;
    return add(relu(x), mul(clamp(x, { max: 0 }), slope));
  }

  override config(): readonly unknown[] {
    return optional({ numParameters: this.weight.size, init: this.init }, { numParameters: 1, init: 0.25 });
  }
}

/**
 * x above 0; below it x times a slope, in training drawn for each element from [lower, upper) (default ⅛ to ⅓), in eval mode their mean.
 * Rule: B. Xu et al. 2015.
 */
export class RReLU extends Optioned<{ lower?: number; upper?: number }> {
  override forward(x: Tensor): Tensor {
    const { lower = 1 / 8, upper = 1 / 3 } = this.options;
    if (!this.training) return leakyRelu(x, { negativeSlope: (lower + upper) / 2 });
    const slopes = add(mul(rand(x.shape), upper - lower), lower);
    return add(relu(x), mul(clamp(x, { max: 0 }), slopes));
  }
}

/** x above 0, alpha·(eˣ − 1) (alpha 1 by default) below. */
export class ELU extends Optioned<{ alpha?: number }> {
  override forward(x: Tensor): Tensor {
    return elu(x, this.options);
  }
}

/** x above 0, alpha·(e^(x/alpha) − 1) (alpha 1 by default) below. */
export class CELU extends Optioned<{ alpha?: number }> {
  override forward(x: Tensor): Tensor {
    return celu(x, this.options);
  }
}

/** The scaled ELU that keeps mean 0 and variance 1. */
export class SELU extends Plain {
  override forward(x: Tensor): Tensor {
    return selu(x);
  }
}

/** x·Φ(x), Φ the normal distribution's; `approximate: "tanh"` takes the usual formula in tanh. */
export class GELU extends Optioned<{ approximate?: "none" | "tanh" }> {
  override forward(x: Tensor): Tensor {
    return gelu(x, this.options);
  }
}

/** x·sigmoid(x), also called swish. */
export class SiLU extends Plain {
  override forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/** x·tanh(softplus x). */
export class Mish extends Plain {
  override forward(x: Tensor): Tensor {
    return mish(x);
  }
}

/** 1 / (1 + e^(−x)). */
export class Sigmoid extends Plain {
  override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/** log sigmoid(x), without overflow. */
export class LogSigmoid extends Plain {
  override forward(x: Tensor): Tensor {
    return logsigmoid(x);
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Plain {
  override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** log(1 + e^(βx)) / β; x itself where βx exceeds the threshold. Defaults 1 and 20. */
export class Softplus extends Optioned<{ beta?: number; threshold?: number }> {
  override forward(x: Tensor): Tensor {
    return softplus(x, this.options);
  }
}

/** x / (1 + |x|). */
export class Softsign extends Plain {
  override forward(x: Tensor): Tensor {
    return softsign(x);
  }
}

/** x moved lambd (default 0.5) toward 0, and 0 where |x| ≤ lambd. */
export class Softshrink extends Optioned<{ lambd?: number }> {
  override forward(x: Tensor): Tensor {
    return softshrink(x, this.options);
  }
}

/** x, and 0 where |x| ≤ lambd (default 0.5). */
export class Hardshrink extends Optioned<{ lambd?: number }> {
  override forward(x: Tensor): Tensor {
    return hardshrink(x, this.options);
  }
}

/** x − tanh x. */
export class Tanhshrink extends Plain {
  override forward(x: Tensor): Tensor {
    return tanhshrink(x);
  }
}

/** x held within [minVal, maxVal], by default [−1, 1]. */
export class Hardtanh extends Optioned<{ minVal?: number; maxVal?: number }> {
  override forward(x: Tensor): Tensor {
    return hardtanh(x, this.options);
  }
}

/** min(max(x + 3, 0), 6) / 6. */
export class Hardsigmoid extends Plain {
  override forward(x: Tensor): Tensor {
    return hardsigmoid(x);
  }
}

/** x·hardsigmoid(x). */
export class Hardswish extends Plain {
  override forward(x: Tensor): Tensor {
    return hardswish(x);
  }
}

/** x above the threshold, else `value`. */
export class Threshold extends Optioned<{ threshold: number; value: number }> {
  constructor(bound: number, value: number) {
    super({ threshold: bound, value });
  }

  override forward(x: Tensor): Tensor {
    return threshold(x, this.options);
  }

  override config(): readonly unknown[] {
    return [this.options.threshold, this.options.value];
  }
}

/** a·sigmoid(b), where a and b are the halves of x along `dim` (default −1). */
export class GLU extends Optioned<{ dim?: number }> {
  override forward(x: Tensor): Tensor {
    return glu(x, this.options);
  }
}

/** exp(xᵢ) / Σ exp(x) along `dim`. */
export class Softmax extends Optioned<{ dim: number }> {
  override forward(x: Tensor): Tensor {
    return softmax(x, this.options);
  }
}

/** exp(−xᵢ) / Σ exp(−x) along `dim`. */
export class Softmin extends Optioned<{ dim: number }> {
  override forward(x: Tensor): Tensor {
    return softmax(neg(x), this.options);
  }
}

/** log softmax(x) along `dim`, without overflow. */
export class LogSoftmax extends Optioned<{ dim: number }> {
  override forward(x: Tensor): Tensor {
    return logSoftmax(x, this.options);
  }
}

/** Softmax over the channels at each place of [n, c, h, w] or [c, h, w]. */
export class Softmax2d extends Plain {
  override forward(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4)
      throw new ShapeError(`Softmax2d: takes [n, c, h, w] or [c, h, w], got ${formatShape(x.shape)}`);
    return softmax(x, { dim: -3 });
  }
}
