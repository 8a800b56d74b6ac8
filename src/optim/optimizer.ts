import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { dropGradient } from "../autograd/leaf.ts";
import { build, registerHolder, touch } from "../tensor/lifetime.ts";
import { expectBackward } from "../tensor/windows.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { contiguous, type Tensor } from "../tensor/tensor.ts";
import { witness } from "../tensor/witness.ts";
import type { Ptr } from "../wasm/heap.ts";
import { checkParams, ParamGroup, type Rule } from "./group.ts";
import { withDefaults } from "./options.ts";
import { loadState, readState, type OptimizerState } from "./state.ts";

/** Settings of one group; what is left out comes from the optimiser's options. */
export type GroupOptions<O> = Partial<O> & { readonly params: Iterable<Tensor> };

/** What is to be optimised: parameters, or groups of them with settings of their own. */
export type Params<O> = Iterable<Tensor> | Iterable<GroupOptions<O>>;

/** Changes parameters by their gradients. State is allocated when the optimiser is made. */
export abstract class Optimizer<O extends { lr: number } = { lr: number }> {
  readonly groups: readonly ParamGroup<O>[];
  private readonly rule: Rule<O>;
  private readonly defaults: O;

  /** `options` are complete, but for those that `alsoKnown` names. */
  constructor(rule: Rule<O>, params: Params<O>, options: O) {
    registerHolder(this);
    const { name } = rule;
    this.rule = rule;
    this.defaults = options;
    const entries = [...params] as (Tensor | GroupOptions<O>)[];
    if (entries.length === 0) throw new ValueError(`${name}: got no parameters to optimise`);
    const groups = entries.filter((e): e is GroupOptions<O> => "params" in e);
    if (groups.length > 0 && groups.length < entries.length) {
      throw new ValueError(`${name}: got parameters and groups mixed; give one or the other`);
    }
    const given =
      groups.length > 0 ? groups : [{ params: entries as Tensor[] } as unknown as GroupOptions<O>];
    const seen = new Set<Tensor>();
    this.groups = build(name, () => given.map((group) => this.makeGroup(group, seen)));
    expectBackward();
  }

  private makeGroup({ params, ...own }: GroupOptions<O>, seen: Set<Tensor>): ParamGroup<O> {
    const list = [...params];
    checkParams(this.rule.name, list, seen);
    const options = withDefaults(this.rule.name, this.defaults, own as unknown as Partial<O>);
    return new ParamGroup(this.rule, list, options);
  }

  /**
   * Adds parameters, such as layers that are thawed later, with settings of their own where given. A schedule that was made before
   * takes them on at their own learning rate.
   * @throws {ValueError} a parameter is in a group already, or a setting makes no sense.
   * @example
   * optimizer.addParamGroup({ params: head.parameters(), lr: 1e-2 });
   */
  addParamGroup(group: GroupOptions<O>): void {
    const seen = new Set(this.groups.flatMap((g) => g.params));
    const made = build(this.rule.name, () => this.makeGroup(group, seen));
    (this.groups as ParamGroup<O>[]).push(made);
  }

  /** What kind it is: "Adam" and so on. A checkpoint of another kind is refused by it. */
  get name(): string {
    return this.rule.name;
  }

  /** Learning rate of the first group; setting it sets all groups. */
  get lr(): number {
    return (this.groups[0] as ParamGroup<O>).lr;
  }

  set lr(value: number) {
    for (const group of this.groups) group.lr = value;
  }

  /**
   * Changes every parameter that has a gradient.
   * @throws {ShapeError} {@link Tensor.grad} was set to one of another shape; {DTypeError} to one that is not f32.
   */
  step(): void {
    if (witness !== null) witness.used(this);
    for (let g = 0; g < this.groups.length; g++) {
      const group = this.groups[g] as ParamGroup<O>;
      if (witness !== null) witness.used(group);
      for (let i = 0; i < group.params.length; i++) {
        const p = group.params[i] as Tensor;
        if (witness !== null) witness.gradient(p, false);
        const { grad } = p;
        if (grad === null) continue;
        touch(p, "step");
        touch(grad, "step");
        checkGradient(p, grad);
        if (grad.isContiguous) this.update(p, grad, group.row(i), group, i);
        else build("step", () => this.update(p, contiguous(grad), group.row(i), group, i));
        p.storage.version++;
      }
    }
  }

  /** Emits the update of parameter i of a group. */
  protected abstract update(p: Tensor, grad: Tensor, row: Ptr, group: ParamGroup<O>, i: number): void;

  /**
   * State and settings, in PyTorch's form and names: `state` by the parameter's number through all groups (`step`, `exp_avg` …; none
   * before a parameter's first step) and `param_groups` (`lr`, `weight_decay` …, `params`). Tensors are those in use, not copies.
   * @example
   * const state = optimizer.stateDict(); // state.state[0].exp_avg
   */
  stateDict(): OptimizerState {
    return readState(this.groups);
  }

  /**
   * Takes on state and settings that `stateDict` gave, of an optimiser of the same kind over parameters of the same shapes in the same
   * groups; tensors are copied. State of PyTorch's own fits too.
   * @throws {ValueError} groups or state are missing or too many; {ShapeError} a shape differs. Nothing is changed then.
   * @example
   * new optim.Adam(model.parameters()).loadStateDict(state);
   */
  loadStateDict(state: OptimizerState): void {
    loadState(this.rule, this.groups, state);
  }

  /** Frees the optimiser's own state; parameters stay. It is of no use afterwards. */
  dispose(): void {
    for (const group of this.groups) group.dispose();
  }

  /** Drops all gradients; the next backward starts from none. */
  zeroGrad(): void {
    for (const group of this.groups) for (const p of group.params) dropGradient(p);
  }
}

function checkGradient(p: Tensor, grad: Tensor): void {
  if (grad.dtype !== "f32") throw new DTypeError(`step: gradients are f32, this one is ${grad.dtype}`);
  if (!sameShape(p.shape, grad.shape)) {
    throw new ShapeError(
      `step: the gradient is ${formatShape(grad.shape)} and its parameter ${formatShape(p.shape)}`,
    );
  }
}
