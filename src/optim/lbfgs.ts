import { dropGradient } from "../autograd/leaf.ts";
import { noGrad, withGrad } from "../autograd/mode.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { mul } from "../ops/arithmetic.ts";
import { add_, copy_ } from "../ops/inplace.ts";
import { cat, narrow, reshape } from "../ops/movement.ts";
import { amax, sum } from "../ops/reduce.ts";
import { abs } from "../ops/unary.ts";
import { zeros } from "../tensor/create.ts";
import { refuseInProgram } from "../tensor/witness.ts";
import { registerHolder } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { expectBackward } from "../tensor/windows.ts";
import { Curvature, hold, type Pair, product } from "./curvature.ts";
import { checkLr, checkParams } from "./group.ts";
import { checkCount, checkNumber, pythonName, withDefaults } from "./options.ts";
import type { OptimizerState } from "./state.ts";
import { type Point, strongWolfe } from "./wolfe.ts";

export interface LBFGSOptions {
  /** Where the line search begins, or the length of each step without one. Default 1. */
  lr?: number;
  /** Steps along a direction in one step(). Default 20. */
  maxIter?: number;
  /** Calls of the closure in one step(), after which no further direction is tried. Default 5/4 of maxIter. */
  maxEval?: number;
  /** It ends once no gradient is larger. Default 1e-7. */
  toleranceGrad?: number;
  /** It ends once neither the loss nor any parameter changes by more. Default 1e-9. */
  toleranceChange?: number;
  /** Steps that the curvature is learnt from; each takes the memory of two gradients. Default 100. */
  historySize?: number;
  /** Search along each direction for a point that satisfies the strong Wolfe conditions. Default null: step by lr. */
  lineSearch?: "strongWolfe" | null;
}

type Settings = Required<LBFGSOptions>;

/** A point on the line of search, with the gradient there. */
interface Place extends Point {
  readonly gradient: Tensor;
}

const largest = (x: Tensor): number => noGrad(() => amax(abs(x)).item());

/**
 * L-BFGS (D. Liu and J. Nocedal, "On the limited memory BFGS method for large scale optimization", 1989), by PyTorch's formulas: for
 * small problems that are evaluated on all of their data, where it needs far fewer steps than the others. A step evaluates the loss
 * several times, so it takes a closure. There are no parameter groups.
 * @throws {ValueError} an option is out of its range or unknown.
 * @see https://pytorch.org/docs/stable/generated/torch.optim.LBFGS.html
 * @example
 * const optimizer = new optim.LBFGS(model.parameters(), { lineSearch: "strongWolfe" });
 * optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const loss = mseLoss(model.forward(x), y);
 *   loss.backward();
 *   return loss;
 * });
 */
export class LBFGS {
  /** One group, for schedules. */
  readonly groups: readonly [
    { readonly params: readonly Tensor[]; lr: number; readonly momentum: number; initialLr: number | null },
  ];
  #options: Settings;
  #iterations = 0;
  #evaluations = 0;
  readonly #curvature = new Curvature();
  /** The last direction, how far the step along it went, and the gradient and the loss that it began with. */
  #direction: Tensor | null = null;
  #t = 0;
  #gradient: Tensor | null = null;
  #loss = 0;
  constructor(params: Iterable<Tensor>, options: LBFGSOptions = {}) {
    registerHolder(this);
    const list = [...params];
    if (list.length === 0) throw new ValueError("LBFGS: got no parameters to optimise");
    checkParams("LBFGS", list, new Set());
    const { maxIter = 20 } = options;
    const defaults: Settings = {
      lr: 1,
      maxIter,
      maxEval: Math.floor((maxIter * 5) / 4),
      toleranceGrad: 1e-7,
      toleranceChange: 1e-9,
      historySize: 100,
      lineSearch: null,
    };
    this.#options = checked(withDefaults("LBFGS", defaults, options));
    let lr = this.#options.lr;
    this.groups = [
      {
        params: list,
        get lr(): number {
          return lr;
        },
        set lr(value: number) {
          lr = checkLr(value);
        },
        momentum: 0,
        initialLr: null,
      },
    ];
    expectBackward();
  }

  get lr(): number {
    return this.groups[0].lr;
  }

  set lr(value: number) {
    this.groups[0].lr = value;
  }

  /**
   * Goes downhill until a tolerance or a limit is reached.
   * @param closure drops the gradients, computes the loss, calls backward() and returns the loss. Where it throws, so does this: the
   * parameters are then where the last finished step along a direction left them, and what was learnt of the curvature is forgotten.
   * @returns the loss at the start.
   */
  step(closure: () => Tensor): number {
    refuseInProgram(
      "LBFGS takes a step, whose course depends on the data",
      "let it run eagerly, and compile its closure",
    );
    const { maxIter, maxEval, toleranceGrad, toleranceChange } = this.#options;
    let { loss, gradient } = this.#evaluate(closure);
    const first = loss;
    const before = this.#evaluations - 1;
    try {
      if (largest(gradient) <= toleranceGrad) return first;
      for (let iteration = 1; iteration <= maxIter; iteration++) {
        const direction = this.#turn(gradient);
        const lossBefore = (this.#loss = loss);
        this.#t = this.lr;
        if (this.#iterations === 1) this.#t *= Math.min(1, 1 / noGrad(() => sum(abs(gradient)).item()));
        const slope = product(gradient, direction);
        if (slope > -toleranceChange) break;
        const next = this.#advance(closure, { t: 0, loss, slope, gradient }, iteration === maxIter);
        ({ loss, gradient } = next);
        this.#t = next.t;
        const stalled = largest(direction) * Math.abs(next.t) <= toleranceChange;
        const used = this.#evaluations - before;
        if (used >= maxEval || largest(gradient) <= toleranceGrad || stalled) break;
        if (Math.abs(loss - lossBefore) < toleranceChange) break;
      }
    } finally {
      if (gradient !== this.#gradient) gradient.dispose();
    }
    return first;
  }

  /** Takes one step along the direction, by the line search or by lr. */
  #advance(closure: () => Tensor, start: Place, last: boolean): Place {
    const { lineSearch, toleranceChange } = this.#options;
    const direction = this.#direction as Tensor;
    const origin = hold(() => this.#flat((p) => p));
    const places = new Set<Place>();
    const keep = (wanted: readonly Place[]): void => {
      for (const place of places) {
        if (wanted.includes(place)) continue;
        place.gradient.dispose();
        places.delete(place);
      }
    };
    const at = (t: number): Place => {
      this.#move(origin, direction, t);
      const { loss, gradient } = this.#evaluate(closure);
      const place = { t, loss, gradient, slope: product(gradient, direction) };
      places.add(place);
      return place;
    };
    try {
      let found: Place;
      if (lineSearch === "strongWolfe")
        found = strongWolfe(start, this.#t, at, largest(direction), toleranceChange, keep);
      else if (!last) found = at(this.#t);
      else found = { ...start, t: this.#t }; // with noise it would not help to look again
      this.#move(origin, direction, found.t);
      keep([found]);
      return found;
    } catch (error) {
      keep([]);
      this.#move(origin, direction, 0);
      this.#forget();
      throw error;
    } finally {
      origin.dispose();
    }
  }

  /** Loss and gradient where the parameters are. */
  #evaluate(closure: () => Tensor): { loss: number; gradient: Tensor } {
    const result: unknown = withGrad(true, closure);
    if (!(result instanceof Tensor) || result.size !== 1)
      throw new ValueError("LBFGS: the closure must return the loss, a tensor of one element");
    const loss = result.item();
    this.#evaluations++;
    return { loss, gradient: hold(() => this.#flat((p) => p.grad ?? zeros(p.shape))) };
  }

  /** One vector of what `of` gives for each parameter. */
  #flat(of: (p: Tensor) => Tensor): Tensor {
    return cat(this.groups[0].params.map((p) => reshape(of(p), [-1])));
  }

  /** Sets the parameters to origin + t · direction. */
  #move(origin: Tensor, direction: Tensor, t: number): void {
    noGrad(() => {
      let start = 0;
      for (const p of this.groups[0].params) {
        const own = (x: Tensor): Tensor => reshape(narrow(x, { dim: 0, start, length: p.size }), p.shape);
        copy_(p, own(origin));
        if (t !== 0) add_(p, own(direction), { alpha: t });
        start += p.size;
      }
    });
  }

  /** Learns from the last step, and gives the next direction. */
  #turn(gradient: Tensor): Tensor {
    this.#iterations++;
    const previous = this.#gradient;
    if (previous && this.#direction)
      this.#curvature.learn(this.#direction, this.#t, previous, gradient, this.#options.historySize);
    if (previous !== gradient) previous?.dispose();
    this.#gradient = gradient;
    this.#direction?.dispose();
    this.#direction = this.#curvature.downhill(gradient);
    return this.#direction;
  }

  /** Begins anew where the parameters are. */
  #forget(): void {
    this.#curvature.forget();
    this.#direction?.dispose();
    this.#gradient?.dispose();
    this.#direction = this.#gradient = null;
    this.#iterations = 0;
  }

  /**
   * State and settings in PyTorch's names, under the first parameter; the list of the history as `old_stps.0`, `old_dirs.0`, `ro.0` and so
   * on, the oldest first. Tensors are those in use, not copies.
   */
  stateDict(): OptimizerState {
    const { params, lr, initialLr } = this.groups[0];
    const state: Record<string, Tensor | number> = {
      func_evals: this.#evaluations,
      n_iter: this.#iterations,
    };
    if (this.#direction && this.#gradient) {
      Object.assign(state, {
        d: this.#direction,
        t: this.#t,
        H_diag: this.#curvature.scale,
        prev_flat_grad: this.#gradient,
        prev_loss: this.#loss,
      });
    }
    for (const [i, { change, bend, ro }] of this.#curvature.pairs.entries())
      Object.assign(state, { [`old_stps.${i}`]: change, [`old_dirs.${i}`]: bend, [`ro.${i}`]: ro });
    const settings = Object.entries({ ...this.#options, lr }).map(([key, value]) => [pythonName(key), value]);
    const group = Object.fromEntries(settings) as Record<string, unknown>;
    if (initialLr !== null) group["initial_lr"] = initialLr;
    return {
      state: this.#evaluations === 0 ? {} : { 0: state },
      param_groups: [{ ...group, params: params.map((_, i) => i) }],
    };
  }

  /**
   * Takes on what `stateDict` gave, of an optimiser over parameters of the same number and size; tensors are copied.
   * @throws {ValueError} something is missing; {ShapeError} a vector has another length. Nothing is changed then.
   */
  loadStateDict({ state, param_groups }: OptimizerState): void {
    const name = "LBFGS.loadStateDict";
    const { params } = this.groups[0];
    const [saved] = param_groups;
    if (param_groups.length !== 1 || saved?.params.length !== params.length) {
      throw new ValueError(
        `${name}: the state has ${param_groups.length} groups of ${saved?.params.length ?? 0} parameters, and the optimiser one of ${params.length}`,
      );
    }
    const settings = Object.entries({ ...this.#options, lr: this.lr }).map(
      ([key, value]): [string, unknown] => {
        const found = saved[pythonName(key)];
        return [key, found === undefined ? value : found];
      },
    );
    const options = checked(Object.fromEntries(settings) as unknown as Settings);
    const entry = state[0] ?? {};
    const size = params.reduce((total, p) => total + p.size, 0);
    const vector = (key: string): Tensor => {
      const t = entry[key];
      if (typeof t !== "object") throw new ValueError(`${name}: state 0 has no tensor ${key}`);
      if (t.ndim !== 1 || t.size !== size || t.dtype !== "f32") {
        throw new ShapeError(
          `${name}: ${key} is ${t.dtype} ${formatShape(t.shape)}, and the parameters have ${size} elements together`,
        );
      }
      return t;
    };
    const number = (key: string): number => {
      const value = entry[key];
      if (typeof value !== "number") throw new ValueError(`${name}: state 0 has no number ${key}`);
      return value;
    };
    const begun = entry["d"] !== undefined;
    const last = begun ? { d: vector("d"), g: vector("prev_flat_grad") } : null;
    const numbers = begun ? [number("t"), number("H_diag"), number("prev_loss")] : [0, 1, 0];
    const counts = state[0] === undefined ? [0, 0] : [number("func_evals"), number("n_iter")];
    const pairs: Pair[] = [];
    for (let i = 0; entry[`ro.${i}`] !== undefined; i++)
      pairs.push({ change: vector(`old_stps.${i}`), bend: vector(`old_dirs.${i}`), ro: number(`ro.${i}`) });

    // Copies first: the state may be the optimiser's own.
    const copy = (t: Tensor): Tensor => hold(() => mul(t, 1));
    const history = pairs.map(({ change, bend, ro }) => ({ change: copy(change), bend: copy(bend), ro }));
    const [direction, gradient] = last ? [copy(last.d), copy(last.g)] : [null, null];
    this.#forget();
    this.#curvature.pairs = history;
    this.#direction = direction;
    this.#gradient = gradient;
    [this.#t, this.#curvature.scale, this.#loss] = numbers as [number, number, number];
    [this.#evaluations, this.#iterations] = counts as [number, number];
    this.#options = options;
    this.lr = options.lr;
    this.groups[0].initialLr = (saved["initial_lr"] as number | undefined) ?? null;
  }

  /** Drops all gradients; the next backward starts from none. */
  zeroGrad(): void {
    for (const p of this.groups[0].params) dropGradient(p);
  }

  /** Frees the optimiser's own state; parameters stay. */
  dispose(): void {
    this.#forget();
  }
}

function checked(o: Settings): Settings {
  checkLr(o.lr);
  checkCount("LBFGS: maxIter", o.maxIter, 1);
  checkCount("LBFGS: maxEval", o.maxEval, 1);
  checkNumber("LBFGS: toleranceGrad", o.toleranceGrad);
  checkNumber("LBFGS: toleranceChange", o.toleranceChange);
  checkCount("LBFGS: historySize", o.historySize, 1);
  const search: unknown = o.lineSearch;
  if (search !== null && search !== "strongWolfe")
    throw new ValueError(`LBFGS: lineSearch must be "strongWolfe" or null, got ${JSON.stringify(search)}`);
  return o;
}
