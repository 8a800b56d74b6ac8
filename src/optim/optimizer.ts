import { DTypeError, ValueError } from "../errors.ts";
import { dropGradient } from "../autograd/leaf.ts";
import { fillWith } from "../tensor/create.ts";
import { build, collectTensors, own, registerHolder, touch } from "../tensor/lifetime.ts";
import { expectBackward } from "../tensor/windows.ts";
import { isContiguous } from "../tensor/shape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { f64 } from "../wasm/views.ts";

/**
 * Numbers that change between steps, one row of f64 a parameter in linear memory, so that a recorded step reads them anew:
 * learning rate, steps taken, β₁ᵗ, β₂ᵗ, β₁ (SGD: the momentum), β₂ (assembly/kernels/optim.ts).
 */
const ROW = 8;
const LR = 0;
const BETA1 = 4;
const BETA2 = 5;

/** Parameters that share their settings. */
export class ParamGroup {
  readonly params: readonly Tensor[];
  /** f64 [params, ROW], held as raw words. */
  readonly rows: Tensor;

  constructor(params: readonly Tensor[], lr: number, betas: readonly [number, number]) {
    this.params = params;
    this.rows = own(empty([Math.max(1, params.length), ROW * 2], "f32"));
    fillWith(this.rows, 0);
    this.lr = lr;
    this.momentum = betas[0];
    checkNumber("betas[1]", betas[1], 0, 1);
    this.write(BETA2, betas[1]);
  }

  /** Address of a parameter's row. */
  row(i: number): Ptr {
    return (this.rows.ptr + i * ROW * 8) as Ptr;
  }

  private read(column: number): number {
    touch(this.rows, "optimizer");
    return f64[(this.rows.ptr >>> 3) + column] as number;
  }

  private write(column: number, value: number): void {
    touch(this.rows, "optimizer");
    for (let i = 0; i < Math.max(1, this.params.length); i++) f64[(this.row(i) >>> 3) + column] = value;
  }

  /** Learning rate; schedules write it. */
  get lr(): number {
    return this.read(LR);
  }

  set lr(value: number) {
    if (!(value >= 0) || value === Infinity)
      throw new ValueError(`lr: the learning rate must be a finite number ≥ 0, got ${value}`);
    this.write(LR, value);
  }

  /** SGD's momentum, Adam's β₁. */
  get momentum(): number {
    return this.read(BETA1);
  }

  set momentum(value: number) {
    checkNumber("momentum (betas[0])", value, 0, 1);
    this.write(BETA1, value);
  }
}

/** Checks a number of an optimiser's options. */
export function checkNumber(what: string, value: number, least = 0, below = Infinity): number {
  if (!(value >= least && value < below)) {
    throw new ValueError(
      `${what} must be a number ≥ ${least}${below === Infinity ? "" : ` and < ${below}`}, got ${value}`,
    );
  }
  return value;
}

/** Settings of one group; what is left out comes from the optimiser's options. */
export type GroupOptions<O> = Partial<O> & { readonly params: Iterable<Tensor> };

/** Changes parameters by their gradients. State is allocated when the optimiser is made. */
export abstract class Optimizer<O extends { lr: number } = { lr: number }> {
  readonly groups: readonly ParamGroup[];
  /** Settings of each group. */
  protected readonly settings: readonly O[];

  constructor(
    name: string,
    params: Iterable<Tensor> | Iterable<GroupOptions<O>>,
    options: O,
    betasOf: (options: O) => readonly [number, number],
  ) {
    registerHolder(this);
    expectBackward();
    const entries = [...params] as (Tensor | GroupOptions<O>)[];
    if (entries.length === 0) throw new ValueError(`${name}: got no parameters to optimise`);
    const groups = entries.filter((e): e is GroupOptions<O> => "params" in e);
    const given =
      groups.length > 0 ? groups : [{ params: entries as Tensor[] } as unknown as GroupOptions<O>];
    if (groups.length > 0 && groups.length < entries.length) {
      throw new ValueError(`${name}: got parameters and groups mixed; give one or the other`);
    }
    const seen = new Set<Tensor>();
    this.settings = given.map(({ params: _params, ...own }) => ({ ...options, ...own }));
    const makeGroup = (group: GroupOptions<O>, i: number): ParamGroup => {
      const list = [...group.params];
      for (const p of list) {
        touch(p, name);
        if (p.dtype !== "f32" || !isContiguous(p.shape, p.strides)) {
          throw new DTypeError(
            `${name}: parameters must be dense f32 tensors, got ${p.dtype} [${p.shape.join(", ")}]`,
          );
        }
        if (!p.isLeaf)
          throw new ValueError(
            `${name}: a result of an op cannot be optimised; give leaves (nn.Parameter, or tensors with requiresGrad)`,
          );
        if (seen.has(p))
          throw new ValueError(`${name}: a parameter of shape [${p.shape.join(", ")}] appears twice`);
        seen.add(p);
      }
      const settings = this.settings[i] as O;
      return new ParamGroup(list, settings.lr, betasOf(settings));
    };
    this.groups = build(name, () => given.map(makeGroup));
  }

  /** Checks the settings and makes the state; where that fails, the optimiser gives back all that it has. */
  protected allocate<T>(fn: () => T): T {
    try {
      return build(this.constructor.name, fn);
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** A zeroed tensor beside each parameter of a group. */
  protected beside(group: ParamGroup): Tensor[] {
    return group.params.map((p) => {
      const t = own(empty(p.shape, "f32"));
      fillWith(t, 0);
      return t;
    });
  }

  /** Learning rate of the first group; setting it sets all groups. */
  get lr(): number {
    return (this.groups[0] as ParamGroup).lr;
  }

  set lr(value: number) {
    for (const group of this.groups) group.lr = value;
  }

  /** Changes every parameter that has a gradient. */
  step(): void {
    for (const [g, group] of this.groups.entries()) {
      for (const [i, p] of group.params.entries()) {
        if (p.grad === null) continue;
        touch(p, "step");
        touch(p.grad, "step");
        this.update(p, p.grad, group.row(i), g, i);
        p.storage.version++;
      }
    }
  }

  /** Emits the update of parameter i of group g. */
  protected abstract update(p: Tensor, grad: Tensor, row: Ptr, g: number, i: number): void;

  /** Frees the optimiser's own state; parameters stay. It is of no use afterwards. */
  dispose(): void {
    for (const group of this.groups) group.rows.dispose();
    // What stands in the fields themselves: groups, and with them the parameters, are objects of their own.
    for (const t of collectTensors(Object.values(this), new Set<Tensor>())) t.dispose();
  }

  /** Drops all gradients; the next backward starts from none. */
  zeroGrad(): void {
    for (const group of this.groups) for (const p of group.params) dropGradient(p);
  }
}
