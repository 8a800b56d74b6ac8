import { AutogradError, DTypeError, ShapeError } from "../errors.ts";
import { zeros } from "../tensor/create.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor, view } from "../tensor/tensor.ts";
import { applyMulti } from "./apply.ts";
import { withGrad } from "./mode.ts";
import type { OpRecord, Saved } from "./node.ts";

/** What forward and backward of a custom function share; one for each call. */
export interface FunctionContext {
  /**
   * Keeps tensors for backward: inputs, results, or what forward made on the way. Backward refuses them if they were changed in place
   * since. To be called in forward, at most once.
   */
  saveForBackward(...tensors: Tensor[]): void;
  /** What forward saved, in its order; for backward. */
  readonly savedTensors: readonly Tensor[];
  /** For each argument whether its gradient is wanted. */
  readonly needsInputGrad: readonly boolean[];
  /** The arguments of the call, null in the place of tensors: those must be saved. */
  readonly args: readonly unknown[];
}

export interface CustomFunction<Args extends readonly unknown[], Out extends Tensor | Tensor[]> {
  /** Names the op in errors, anomaly mode and graph dumps. Default "customFunction". */
  readonly name?: string;
  /** Computes the result, or several in an array. Nothing in it is recorded; what it makes on the way ends with it, unless saved. */
  forward(ctx: FunctionContext, ...args: Args): Out;
  /**
   * The gradients of all arguments from those of the results: one each, of the argument's shape; null for what is no tensor or wants
   * none. A single gradient may come without an array. Results that backward did not reach have gradients of zeros.
   */
  backward(ctx: FunctionContext, ...grads: Tensor[]): Tensor | null | readonly (Tensor | null)[];
}

class Call implements FunctionContext {
  readonly name: string;
  readonly rule: CustomFunction<never, Tensor | Tensor[]>;
  readonly args: readonly unknown[];
  readonly needsInputGrad: readonly boolean[];
  /** Where the tensors stand among the arguments. */
  readonly places: readonly number[];
  outputs: readonly (readonly number[])[] = [];
  single = true;
  saving: Tensor[] | null = null;
  private saved: Saved | null = null;

  constructor(name: string, rule: CustomFunction<never, Tensor | Tensor[]>, args: readonly unknown[]) {
    this.name = name;
    this.rule = rule;
    this.places = args.flatMap((arg, i) => (arg instanceof Tensor ? [i] : []));
    this.args = args.map((arg) => (arg instanceof Tensor ? null : arg));
    this.needsInputGrad = args.map((arg) => arg instanceof Tensor && arg.requiresGrad);
  }

  saveForBackward(...tensors: Tensor[]): void {
    if (this.saving !== null)
      throw new AutogradError(`${this.name}: saveForBackward was called twice; pass all tensors at once`);
    for (const t of tensors as unknown[]) {
      if (!(t instanceof Tensor))
        throw new AutogradError(`${this.name}: saveForBackward takes tensors; other values are in ctx.args`);
    }
    this.saving = tensors;
  }

  get savedTensors(): readonly Tensor[] {
    const { saved } = this;
    if (saved === null) throw new AutogradError(`${this.name}: savedTensors are there in backward only`);
    return (this.saving ?? []).map((_, i) => saved.extra(i));
  }

  /** Runs the user's backward with what the node saved. */
  backward(saved: Saved, grads: Tensor[]): unknown {
    this.saved = saved;
    try {
      return this.rule.backward(this, ...grads);
    } finally {
      this.saved = null;
    }
  }
}

function forward(inputs: readonly Tensor[], call: Call, extras: Tensor[]): Tensor[] {
  const args = call.args.map((arg, i) => {
    const at = call.places.indexOf(i);
    return at < 0 ? arg : inputs[at];
  });
  const versions = inputs.map((t) => t.storage.version);
  const result: unknown = withGrad(false, () => call.rule.forward(call, ...(args as never)));
  inputs.forEach((t, i) => {
    if (t.storage.version !== versions[i]) {
      throw new AutogradError(
        `${call.name}: forward changed argument ${call.places[i]} in place, which its gradient cannot know of; make a new tensor`,
      );
    }
  });
  call.single = !Array.isArray(result);
  const results = (Array.isArray(result) ? result : [result]) as unknown[];
  // Handles of its own: a result may be an argument, or a tensor from outside.
  const own = new Map<unknown, Tensor>();
  const outputs = results.map((t) => {
    if (!(t instanceof Tensor))
      throw new AutogradError(
        `${call.name}: forward must return a tensor or an array of tensors, got ${typeof t}`,
      );
    const out = view(t, t.shape, t.strides, t.offset);
    own.set(t, out);
    return out;
  });
  for (const t of call.saving ?? []) extras.push(inputs.includes(t) ? t : (own.get(t) ?? t));
  call.outputs = outputs.map((t) => t.shape);
  return outputs;
}

function vjp(grads: readonly (Tensor | null)[], saved: Saved, call: Call): (Tensor | null)[] {
  const incoming = call.outputs.map((shape, i) => grads[i] ?? zeros(shape));
  const result = call.backward(saved, incoming);
  const count = call.args.length;
  const list: unknown[] = Array.isArray(result) ? result : [result];
  if (list.length !== count) {
    throw new AutogradError(
      `${call.name}: backward must return ${count} gradients, one for each argument of forward (null for what has none), got ${list.length}`,
    );
  }
  list.forEach((g, i) => {
    if (g === null || g === undefined) return;
    const at = call.places.indexOf(i);
    if (!(g instanceof Tensor))
      throw new AutogradError(
        `${call.name}: backward returned a ${typeof g} for argument ${i}; gradients are tensors or null`,
      );
    if (at < 0)
      throw new AutogradError(
        `${call.name}: backward returned a gradient for argument ${i}, which is no tensor; return null there`,
      );
    if (g.dtype !== "f32")
      throw new DTypeError(`${call.name}: gradients are f32, backward returned ${g.dtype} for argument ${i}`);
    if (!sameShape(g.shape, saved.shape(at))) {
      throw new ShapeError(
        `${call.name}: backward returned shape ${formatShape(g.shape)} for argument ${i} of shape ${formatShape(saved.shape(at))}; sum what was broadcast`,
      );
    }
  });
  return call.places.map((i, at) => (saved.needs(at) ? ((list[i] ?? null) as Tensor | null) : null));
}

/**
 * An op with a gradient of your own, as PyTorch's torch.autograd.Function. Where backward is written in public ops on saved tensors,
 * gradients of gradients follow.
 * @returns the op: a function of forward's arguments, tensors and other values.
 * @throws {AutogradError} backward returns a wrong number of gradients, forward writes to an argument; {ShapeError} a gradient has not
 * its argument's shape.
 * @example
 * const square = customFunction({
 *   name: "square",
 *   forward: (ctx: FunctionContext, x: Tensor) => {
 *     ctx.saveForBackward(x);
 *     return x.mul(x);
 *   },
 *   backward: (ctx: FunctionContext, g: Tensor) => g.mul(ctx.savedTensors[0]).mul(2),
 * });
 * square(x).sum().backward();
 */
export function customFunction<Args extends readonly unknown[], Out extends Tensor | Tensor[]>(
  rule: CustomFunction<Args, Out>,
): (...args: Args) => Out {
  const name = rule.name ?? "customFunction";
  const record: OpRecord<Call> = { name, forward, vjp };
  return (...args) => {
    const call = new Call(name, rule, args);
    const outputs = applyMulti(
      record,
      args.filter((arg) => arg instanceof Tensor),
      call,
    );
    return (call.single ? outputs[0] : outputs) as Out;
  };
}
