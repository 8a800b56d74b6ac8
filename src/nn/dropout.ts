import { ShapeError } from "../errors.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { gt } from "../ops/compare.ts";
import { dropout } from "../ops/dropout.ts";
import { where } from "../ops/select.ts";
import { ones } from "../tensor/create.ts";
import { formatShape } from "../tensor/shape.ts";
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

/** x with whole channels dropped: those of the last `spatial` dimensions. */
function dropChannels(x: Tensor, spatial: number, p: number): Tensor {
  const channels = x.shape.slice(0, -spatial);
  return mul(x, dropout(ones([...channels, ...new Array<number>(spatial).fill(1)]), { p }));
}

/** Dropout of whole channels of [n, c, l] or [c, l] (J. Tompson et al. 2015). */
export class Dropout1d extends Dropping {
  override forward(x: Tensor): Tensor {
    if (x.ndim !== 2 && x.ndim !== 3)
      throw new ShapeError(`Dropout1d: takes [n, c, l] or [c, l], got ${formatShape(x.shape)}`);
    return this.training ? dropChannels(x, 1, this.p) : x;
  }
}

/** Dropout of whole channels of [n, c, h, w] or [c, h, w] (J. Tompson et al. 2015). */
export class Dropout2d extends Dropping {
  override forward(x: Tensor): Tensor {
    if (x.ndim !== 3 && x.ndim !== 4)
      throw new ShapeError(`Dropout2d: takes [n, c, h, w] or [c, h, w], got ${formatShape(x.shape)}`);
    return this.training ? dropChannels(x, 2, this.p) : x;
  }
}

/** What SELU tends to far below 0: −scale·alpha. */
const SELU_FLOOR = -1.7580993408473766;

/** Dropout for networks of SELU: sets elements to its floor and scales so that mean 0 and variance 1 stay (G. Klambauer et al. 2017). */
export class AlphaDropout extends Dropping {
  override forward(x: Tensor): Tensor {
    const { p } = this;
    if (!this.training || p === 0) return x;
    if (p === 1) return mul(x, 0);
    const kept = gt(dropout(ones(x.shape), { p }), 0);
    const scale = 1 / Math.sqrt((1 - p) * (1 + p * SELU_FLOOR * SELU_FLOOR));
    return add(mul(where(kept, x, SELU_FLOOR), scale), -scale * SELU_FLOOR * p);
  }
}
