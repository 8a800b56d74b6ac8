import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { average_f32, averageTick } from "../program/kernels.gen.ts";
import { fillWith } from "../tensor/create.ts";
import { build, own, registerHolder, touch } from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { copyInto, empty, type Tensor } from "../tensor/tensor.ts";
import { f64 } from "../wasm/views.ts";
import { checkNumber, withDefaults } from "./options.ts";

export interface AverageOptions {
  /**
   * Share of the average that stays at each update: about 1 / (1 − decay) updates count. Default 0.999. null weighs all
   * updates alike, which is stochastic weight averaging (P. Izmailov and others, 2018).
   */
  decay?: number | null;
}

/** What an average's stateDict gives. */
export interface AverageState {
  readonly n_averaged: number;
  readonly averages: readonly Tensor[];
}

/**
 * A running average of weights, which often judges better than the weights themselves (B. Polyak and A. Juditsky, 1992), as PyTorch's
 * `AveragedModel` with `get_ema_multi_avg_fn` keeps it: the first update copies, each further one moves the average by
 * 1 − decay towards the weights. What is not trained, such as batch norm's statistics, is the model's own.
 * @throws {ValueError} decay is not in [0, 1), or there are no parameters.
 * @example
 * const average = new optim.ExponentialMovingAverage(model.parameters(), { decay: 0.999 });
 * optimizer.step();
 * average.update(); // after each step
 * const accuracy = average.apply(() => evaluate(model));
 */
export class ExponentialMovingAverage {
  /** In the order of the parameters; until the first update their values when this was made. */
  readonly averages: readonly Tensor[];
  private readonly params: readonly Tensor[];
  /** f64 [decay or −1, updates, weight of the next], as raw words. */
  private readonly row: Tensor;
  private applied = false;

  constructor(parameters: Iterable<Tensor>, options: AverageOptions = {}) {
    registerHolder(this);
    const name = "ExponentialMovingAverage";
    const { decay } = withDefaults<Required<AverageOptions>>(name, { decay: 0.999 }, options);
    if (decay !== null) checkNumber(`${name}: decay`, decay, 0, 1);
    this.params = [...parameters];
    if (this.params.length === 0) throw new ValueError(`${name}: got no parameters to average`);
    for (const p of this.params) {
      touch(p, name);
      if (p.dtype !== "f32" || !p.isContiguous) {
        throw new DTypeError(`${name}: averages dense f32 tensors, got ${p.dtype} ${formatShape(p.shape)}`);
      }
    }
    [this.averages, this.row] = build(name, () => {
      const averages = this.params.map((p) => {
        const t = own(empty(p.shape, "f32"));
        copyInto(t, p);
        return t;
      });
      const row = own(empty([8], "f32"));
      fillWith(row, 0);
      return [averages, row] as const;
    });
    f64[this.row.ptr >>> 3] = decay ?? -1;
  }

  /** Updates so far. */
  get count(): number {
    touch(this.row, "ExponentialMovingAverage");
    return f64[(this.row.ptr >>> 3) + 1] as number;
  }

  /** Takes the weights as they are now into the average; call it after optimizer.step(). */
  update(): void {
    this.refuseApplied("update");
    touch(this.row, "update");
    averageTick(this.row.ptr);
    for (let i = 0; i < this.params.length; i++) {
      const p = this.params[i] as Tensor;
      const average = this.averages[i] as Tensor;
      touch(p, "update");
      touch(average, "update");
      average_f32(average.ptr, p.ptr, this.row.ptr, p.size);
      average.storage.version++;
    }
  }

  /** Runs `fn`, synchronous or not, with the averages in the parameters, and puts the weights back afterwards. */
  apply<T>(fn: () => T): T {
    this.refuseApplied("apply");
    this.swap();
    this.applied = true;
    const back = (): void => {
      this.applied = false;
      this.swap();
    };
    let result: T;
    try {
      result = fn();
    } catch (error) {
      back();
      throw error;
    }
    const { then } = (result ?? {}) as { then?: unknown };
    if (typeof then === "function") return (result as unknown as Promise<unknown>).finally(back) as T;
    back();
    return result;
  }

  /** Copies the averages into the parameters, for good. */
  copyToParameters(): void {
    this.refuseApplied("copyToParameters");
    for (const [i, p] of this.params.entries()) {
      touch(p, "copyToParameters");
      copyInto(p, this.averages[i] as Tensor);
      p.storage.version++;
    }
  }

  private refuseApplied(what: string): void {
    if (this.applied)
      throw new ValueError(`${what}: the averages are in the parameters, since apply(…) has not ended`);
  }

  /** Exchanges the values of parameters and averages. */
  private swap(): void {
    for (const [i, p] of this.params.entries()) {
      const average = this.averages[i] as Tensor;
      touch(p, "apply");
      touch(average, "apply");
      build("apply", () => {
        const spare = empty(p.shape, "f32");
        copyInto(spare, p);
        copyInto(p, average);
        copyInto(average, spare);
      });
      p.storage.version++;
      average.storage.version++;
    }
  }

  /** The averages (in use, not copies) and the number of updates, in PyTorch's name. */
  stateDict(): AverageState {
    this.refuseApplied("stateDict");
    return { n_averaged: this.count, averages: this.averages };
  }

  /**
   * Copies what `stateDict` gave; the decay stays.
   * @throws {ValueError} another number of tensors; {ShapeError} a shape differs. Nothing is copied then.
   */
  loadStateDict(state: AverageState): void {
    this.refuseApplied("loadStateDict");
    const name = "ExponentialMovingAverage.loadStateDict";
    if (state.averages.length !== this.averages.length) {
      throw new ValueError(
        `${name}: the state has ${state.averages.length} averages, here are ${this.averages.length}`,
      );
    }
    const pairs = this.averages.map((to, i) => ({ to, from: state.averages[i] as Tensor }));
    for (const { to, from } of pairs) {
      touch(from, name);
      if (!sameShape(to.shape, from.shape) || from.dtype !== "f32")
        throw new ShapeError(`${name}: ${formatShape(from.shape)} does not fit ${formatShape(to.shape)}`);
    }
    for (const { to, from } of pairs) if (to !== from) copyInto(to, from);
    f64[(this.row.ptr >>> 3) + 1] = checkNumber(`${name}: n_averaged`, state.n_averaged);
  }

  /** Frees the averages; parameters stay. It is of no use afterwards. */
  dispose(): void {
    this.row.dispose();
    for (const t of this.averages) t.dispose();
  }
}
