import { adam_f32, adamTick } from "../program/kernels.gen.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { checkNumber, Optimizer, type GroupOptions } from "./optimizer.ts";

export interface AdamOptions {
  /** Learning rate. Default 1e-3. */
  lr?: number;
  /** Decay of the averages of the gradient and its square. Default [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Added to the denominator. Default 1e-8. */
  eps?: number;
  /** Adam: L2 penalty, added to the gradient, default 0. AdamW: share of the weight taken off at each step, default 0.01. */
  weightDecay?: number;
  /** Use the largest average of squares so far. Default false. */
  amsgrad?: boolean;
  /** Climb instead of descend. Default false. */
  maximize?: boolean;
}

type Settings = Required<AdamOptions>;

const DEFAULTS: Settings = {
  lr: 1e-3,
  betas: [0.9, 0.999],
  eps: 1e-8,
  weightDecay: 0,
  amsgrad: false,
  maximize: false,
};

abstract class AdamBase extends Optimizer<Settings> {
  private readonly decoupled: boolean;
  private readonly first: Tensor[][];
  private readonly second: Tensor[][];
  private readonly largest: (Tensor[] | null)[];

  constructor(
    name: string,
    params: Iterable<Tensor> | Iterable<GroupOptions<Settings>>,
    options: Settings,
    decoupled: boolean,
  ) {
    super(name, params, options, (o) => o.betas);
    this.decoupled = decoupled;
    [this.first, this.second, this.largest] = this.allocate(() => {
      for (const o of this.settings) {
        checkNumber(`${name}: eps`, o.eps);
        checkNumber(`${name}: weightDecay`, o.weightDecay);
      }
      const beside = (): Tensor[][] => this.groups.map((group) => this.beside(group));
      return [
        beside(),
        beside(),
        this.groups.map((group, g) => (this.settings[g]?.amsgrad ? this.beside(group) : null)),
      ] as const;
    });
  }

  protected override update(p: Tensor, grad: Tensor, row: Ptr, g: number, i: number): void {
    const o = this.settings[g] as Settings;
    const m = this.first[g]?.[i] as Tensor;
    const v = this.second[g]?.[i] as Tensor;
    const largest = this.largest[g]?.[i]?.ptr ?? (0 as Ptr);
    adamTick(row);
    // prettier-ignore
    adam_f32(
      p.ptr, grad.ptr, m.ptr, v.ptr, largest, row, o.eps, o.weightDecay, Number(this.decoupled), Number(o.maximize), p.size,
    );
  }
}

/** Adam (D. Kingma and J. Ba, 2015) by PyTorch's formulas. */
export class Adam extends AdamBase {
  constructor(params: Iterable<Tensor> | Iterable<GroupOptions<AdamOptions>>, options: AdamOptions = {}) {
    super("Adam", params as Iterable<Tensor>, { ...DEFAULTS, ...options }, false);
  }
}

/** Adam with weight decay apart from the gradient (I. Loshchilov and F. Hutter, 2019). */
export class AdamW extends AdamBase {
  constructor(params: Iterable<Tensor> | Iterable<GroupOptions<AdamOptions>>, options: AdamOptions = {}) {
    super("AdamW", params as Iterable<Tensor>, { ...DEFAULTS, weightDecay: 0.01, ...options }, true);
  }
}
