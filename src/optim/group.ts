import { DTypeError, ValueError } from "../errors.ts";
import { fillWith } from "../tensor/create.ts";
import { own, touch } from "../tensor/lifetime.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { refuseInProgram } from "../tensor/witness.ts";
import type { Ptr } from "../wasm/heap.ts";
import { f64 } from "../wasm/views.ts";
import { checkNumber } from "./options.ts";

/**
 * Numbers that change between steps, one row of f64 a parameter in linear memory, so that a recorded step reads them anew:
 * learning rate, steps taken, β₁ᵗ, β₂ᵗ, β₁ (SGD, RMSprop: the momentum), what else a rule has (assembly/kernels/optim.ts).
 */
const ROW = 8;
const LR = 0;
const STEP = 1;
const FIRST = 4;

/** What makes one optimiser different from another, beside its kernel. (Methods, so that every Optimizer<…> is an Optimizer.) */
export interface Rule<O> {
  readonly name: string;
  /** Throws where an option makes no sense; the learning rate is checked elsewhere. */
  check(options: O): void;
  /** Numbers from the fifth of a row on. */
  columns(options: O): readonly number[];
  /** Which option the fifth number is, if a schedule may move it. */
  readonly momentum: "betas" | "momentum" | null;
  /** Tensors of state beside each parameter in PyTorch's names, with what they begin at; undefined: the options do without. */
  state(options: O): Readonly<Record<string, number | undefined>>;
  /** Further numbers of state in PyTorch's names, with their place in a row. All begin at 1. */
  readonly numbers?: Readonly<Record<string, number>>;
}

/** Parameters that share their settings. */
export class ParamGroup<O extends { lr: number } = { lr: number }> {
  readonly params: readonly Tensor[];
  /** The learning rate that schedules start from; null as long as there is none. */
  initialLr: number | null = null;
  private readonly rule: Rule<O>;
  private current: O;
  /** f64 [params, ROW], held as raw words. */
  private readonly rows: Tensor;
  /** For each name of the rule, the tensors beside the parameters. */
  private tensors: (readonly Tensor[] | null)[];

  /** Made by an Optimizer, inside build(…). */
  constructor(rule: Rule<O>, params: readonly Tensor[], options: O) {
    checkLr(options.lr);
    rule.check(options);
    this.rule = rule;
    this.params = params;
    this.current = options;
    this.rows = own(empty([Math.max(1, params.length), ROW * 2], "f32"));
    fillWith(this.rows, 0);
    for (const column of [2, 3]) this.write(column, 1);
    this.writeOptions();
    this.tensors = Object.values(rule.state(options)).map((start) =>
      start === undefined ? null : this.beside(start),
    );
  }

  /** A tensor beside each parameter, each element `start`. */
  private beside(start: number): Tensor[] {
    return this.params.map((p) => {
      const t = own(empty(p.shape, "f32"));
      fillWith(t, start);
      return t;
    });
  }

  private writeOptions(): void {
    this.write(LR, this.current.lr);
    for (const [i, value] of this.rule.columns(this.current).entries()) this.write(FIRST + i, value);
  }

  /** The settings in force. */
  get options(): Readonly<O> {
    const { momentum } = this.rule;
    const betas = (this.current as { betas?: readonly number[] }).betas;
    return {
      ...this.current,
      lr: this.lr,
      ...(momentum === "momentum" ? { momentum: this.momentum } : {}),
      ...(momentum === "betas" ? { betas: [this.momentum, betas?.[1]] } : {}),
    };
  }

  /** As they were given; lr and momentum are in the rows. For the kernels. */
  get given(): Readonly<O> {
    return this.current;
  }

  /** Address of a parameter's row. */
  row(i: number): Ptr {
    return (this.rows.ptr + i * ROW * 8) as Ptr;
  }

  /** Address of a tensor of state, 0 where the options do without. */
  stateAt(slot: number, i: number): Ptr {
    return this.tensors[slot]?.[i]?.ptr ?? (0 as Ptr);
  }

  private read(column: number, i = 0): number {
    refuseInProgram("a number of an optimiser is read", "read the learning rate outside");
    touch(this.rows, "optimizer");
    return f64[(this.row(i) >>> 3) + column] as number;
  }

  private write(column: number, value: number, only = -1): void {
    refuseInProgram("a number of an optimiser is set", "make it, and set its learning rate, outside");
    touch(this.rows, "optimizer");
    const count = Math.max(1, this.params.length);
    for (let i = 0; i < count; i++) if (only < 0 || only === i) f64[(this.row(i) >>> 3) + column] = value;
  }

  /** Learning rate; schedules write it. */
  get lr(): number {
    return this.read(LR);
  }

  set lr(value: number) {
    this.write(LR, checkLr(value));
  }

  /** The momentum of SGD and RMSprop, β₁ of Adam and its kin; 0 for rules without. */
  get momentum(): number {
    return this.rule.momentum === null ? 0 : this.read(FIRST);
  }

  set momentum(value: number) {
    checkNumber("momentum (betas[0])", value, 0, 1);
    const { momentum, name } = this.rule;
    const moves =
      momentum === "betas" ||
      (momentum === "momentum" && this.rule.state(this.current)["momentum_buffer"] !== undefined);
    if (moves) this.write(FIRST, value);
    else if (value !== 0) {
      throw new ValueError(
        `momentum: this ${name} has no momentum to set${momentum === null ? "" : "; make it with { momentum }, so that it has a buffer"}`,
      );
    }
  }

  /** What PyTorch keeps in state[i]; null before the parameter's first step. */
  stateOf(i: number): Record<string, Tensor | number> | null {
    const step = this.read(STEP, i);
    if (step === 0) return null;
    const state: Record<string, Tensor | number> = { step };
    for (const [slot, name] of Object.keys(this.rule.state(this.current)).entries()) {
      const t = this.tensors[slot]?.[i];
      if (t !== undefined) state[name] = t;
    }
    for (const [name, column] of Object.entries(this.rule.numbers ?? {})) state[name] = this.read(column, i);
    return state;
  }

  /** Takes on other settings; state that only these need is made, what they do without is freed. Inside build(…). */
  change(options: O): void {
    const wanted = Object.values(this.rule.state(options));
    const made = wanted.map((start, slot) =>
      start === undefined ? null : (this.tensors[slot] ?? this.beside(start)),
    );
    const before = this.tensors;
    this.tensors = made;
    this.current = options;
    this.writeOptions();
    for (const list of before) if (list && !made.includes(list)) for (const t of list) t.dispose();
  }

  /** Sets a parameter back to its state before the first step. */
  reset(i: number): void {
    for (const column of [2, 3]) this.write(column, 1, i);
    this.write(STEP, 0, i);
    for (const [slot, start] of Object.values(this.rule.state(this.current)).entries()) {
      const t = this.tensors[slot]?.[i];
      if (t !== undefined) fillWith(t, start ?? 0);
    }
  }

  /** Sets the numbers of a parameter's state. */
  setNumbers(i: number, step: number, numbers: Readonly<Record<string, number>>): void {
    this.write(STEP, step, i);
    for (const [name, value] of Object.entries(numbers))
      this.write((this.rule.numbers ?? {})[name] as number, value, i);
  }

  /** Frees the state; parameters stay. */
  dispose(): void {
    this.rows.dispose();
    for (const list of this.tensors) for (const t of list ?? []) t.dispose();
  }
}

export function checkLr(value: number): number {
  if (!(value >= 0) || value === Infinity)
    throw new ValueError(`lr: the learning rate must be a finite number ≥ 0, got ${value}`);
  return value;
}

/** Checks what is to be optimised; `seen` are the parameters of groups before. */
export function checkParams(name: string, params: readonly Tensor[], seen: Set<Tensor>): void {
  for (const p of params) {
    touch(p, name);
    if (p.dtype !== "f32" || !p.isContiguous) {
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
}
