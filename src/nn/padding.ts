import { ValueError } from "../errors.ts";
import { pad, type PadMode } from "../ops/pad.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

/** Layers that add borders, by the op `pad`. Negative amounts crop. */

/** The same on all sides, or [left, right]. */
export type Padding1d = number | readonly [left: number, right: number];

/** The same on all sides, or [left, right, top, bottom]. */
export type Padding2d = number | readonly [left: number, right: number, top: number, bottom: number];

abstract class Padding extends Module {
  readonly padding: readonly number[];
  protected readonly mode: PadMode = "constant";
  protected readonly value: number = 0;

  constructor(padding: number | readonly number[], sides: 2 | 4) {
    super();
    this.padding = typeof padding === "number" ? new Array<number>(sides).fill(padding) : [...padding];
    if (this.padding.length !== sides || !this.padding.every(Number.isInteger)) {
      throw new ValueError(
        `${this.constructor.name}: padding must be a whole number, or ${sides} of them, got ${JSON.stringify(padding)}`,
      );
    }
  }

  override forward(x: Tensor): Tensor {
    return pad(x, this.padding, { mode: this.mode, value: this.value });
  }

  override config(): readonly unknown[] {
    return [this.padding];
  }
}

/** Borders of rows [n, c, l] or [c, l]. */
abstract class Row extends Padding {
  constructor(padding: Padding1d) {
    super(padding, 2);
  }
}

/** Borders of images [n, c, h, w] or [c, h, w]. */
abstract class Image extends Padding {
  constructor(padding: Padding2d) {
    super(padding, 4);
  }
}

/** Adds to rows [n, c, l] or [c, l] zeros. */
export class ZeroPad1d extends Row {}

/** Adds to rows [n, c, l] or [c, l] what lies inside, mirrored at the edge, which itself is not repeated. */
export class ReflectionPad1d extends Row {
  protected override readonly mode = "reflect";
}

/** Adds to rows [n, c, l] or [c, l] the edge, repeated. */
export class ReplicationPad1d extends Row {
  protected override readonly mode = "replicate";
}

/** Adds to rows [n, c, l] or [c, l] what lies at the other end. */
export class CircularPad1d extends Row {
  protected override readonly mode = "circular";
}

/** Adds to rows [n, c, l] or [c, l] borders of `value`. */
export class ConstantPad1d extends Row {
  protected override readonly value: number;

  constructor(padding: Padding1d, value: number) {
    super(padding);
    this.value = value;
  }

  override config(): readonly unknown[] {
    return [this.padding, this.value];
  }
}

/** Adds to images [n, c, h, w] or [c, h, w] zeros. */
export class ZeroPad2d extends Image {}

/** Adds to images [n, c, h, w] or [c, h, w] what lies inside, mirrored at the edge, which itself is not repeated. */
export class ReflectionPad2d extends Image {
  protected override readonly mode = "reflect";
}

/** Adds to images [n, c, h, w] or [c, h, w] the edge, repeated. */
export class ReplicationPad2d extends Image {
  protected override readonly mode = "replicate";
}

/** Adds to images [n, c, h, w] or [c, h, w] what lies at the other end. */
export class CircularPad2d extends Image {
  protected override readonly mode = "circular";
}

/** Adds to images [n, c, h, w] or [c, h, w] borders of `value`. */
export class ConstantPad2d extends Image {
  protected override readonly value: number;

  constructor(padding: Padding2d, value: number) {
    super(padding);
    this.value = value;
  }

  override config(): readonly unknown[] {
    return [this.padding, this.value];
  }
}
