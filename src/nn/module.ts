import { dropGradient } from "../autograd/leaf.ts";
import type { HookHandle } from "../autograd/hooks.ts";
import { isGradEnabled, noGrad } from "../autograd/mode.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { registerHolder, runModule } from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { witness } from "../tensor/witness.ts";
import { copy_ } from "../ops/inplace.ts";
import { describe } from "./arguments.ts";
import { registerAfter, registerBefore, withHooks, type After, type Before } from "./hooks.ts";
import { Parameter } from "./parameter.ts";
import { summary } from "./summary.ts";

const wrapped = new WeakSet();

/** Wraps the `forward` that a class defines, once, so that what it makes inside belongs to the graph (docs/memory.md). */
function wrapForward(prototype: object): void {
  for (
    let p: object | null = prototype;
    p !== null && p !== Module.prototype;
    p = Object.getPrototypeOf(p) as object | null
  ) {
    if (wrapped.has(p) || !Object.hasOwn(p, "forward")) continue;
    wrapped.add(p);
    const holder = p as { forward: (...inputs: never[]) => unknown };
    const inner = holder.forward;
    const outer = function (this: Module, ...inputs: never[]): unknown {
      // A forward that calls super.forward passes here again; the hooks run around the outermost.
      if (witness !== null) witness.used(this);
      const whole = (this.constructor as { prototype?: { forward?: unknown } }).prototype?.forward === outer;
      return runModule(this.constructor.name, isGradEnabled(), () =>
        whole
          ? withHooks(this, inputs, (changed) => inner.apply(this, changed as never[]))
          : inner.apply(this, inputs),
      );
    };
    holder.forward = outer;
  }
}

/** What `loadStateDict` found to differ. */
export interface LoadResult {
  missing: string[];
  unexpected: string[];
}

/**
 * The base of layers and models. Parameters in fields are trained; tensors in the fields that `bufferNames` lists belong to the state;
 * modules in fields, or in arrays in fields, are children. State-dict keys are the paths of fields, as in PyTorch.
 */
export abstract class Module {
  /** Whether dropout drops and batch norm uses the batch; see train() and eval(). */
  training = true;

  constructor() {
    registerHolder(this);
    wrapForward(Object.getPrototypeOf(this) as object);
  }

  abstract forward(...inputs: never[]): unknown;

  /**
   * The arguments that make this module again, up to its weights: what a model file writes down. JSON values, and modules or arrays and
   * plain objects of them.
   * @throws {ValueError} the class does not say.
   */
  config(): readonly unknown[] {
    const { name } = this.constructor;
    throw new ValueError(
      `config: ${name} does not say what it was made of (give it a method config() that returns the arguments of its constructor)`,
    );
  }

  /** Names of fields that are part of the state without being trained. */
  protected bufferNames(): readonly string[] {
    return [];
  }

  /** Direct children by field name; those in arrays as `field.index`. */
  *namedChildren(): Generator<[string, Module]> {
    for (const [name, value] of Object.entries(this)) {
      if (value instanceof Module) yield [name, value];
      else if (Array.isArray(value)) {
        for (const [i, entry] of value.entries()) if (entry instanceof Module) yield [`${name}.${i}`, entry];
      }
    }
  }

  /** This module and all below it, with their paths. */
  *namedModules(prefix = ""): Generator<[string, Module]> {
    yield [prefix, this];
    for (const [name, child] of this.namedChildren())
      yield* child.namedModules(prefix === "" ? name : `${prefix}.${name}`);
  }

  /** Direct children, one that stands twice once. */
  children(): Module[] {
    return [...new Set(Array.from(this.namedChildren(), ([, child]) => child))];
  }

  /** This module and all below it, one that stands twice once. */
  modules(): Module[] {
    return [...new Set(Array.from(this.namedModules(), ([, module]) => module))];
  }

  /**
   * The module at a path of names, as they stand in the state dict; "" is this one.
   * @throws {ValueError} there is none.
   * @example
   * model.getSubmodule("encoder.layers.0");
   */
  getSubmodule(path: string): Module {
    for (const [name, module] of this.namedModules()) if (name === path) return module;
    const names = Array.from(this.namedModules(), ([name]) => name).filter((name) => name !== "");
    throw new ValueError(
      `getSubmodule: ${this.constructor.name} has no module "${path}"; it has ${names.join(", ") || "none"}`,
    );
  }

  /**
   * Calls `fn` with every module below this one, the deepest first, and with this one at last; with one that stands twice once. Returns
   * this module.
   * @example
   * model.apply((m) => {
   *   if (m instanceof nn.Linear) nn.init.xavierUniform_(m.weight);
   * });
   */
  apply(fn: (module: Module) => void): this {
    const visit = (module: Module, seen: Set<Module>): void => {
      if (seen.has(module)) return;
      seen.add(module);
      for (const child of module.children()) visit(child, seen);
      fn(module);
    };
    visit(this, new Set());
    return this;
  }

  /**
   * Calls `hook` before every forward of this module. What it returns, an array of inputs, takes the inputs' place, unless undefined.
   * @example
   * const handle = layer.registerForwardPreHook((_, [x]) => [x.mul(2)]);
   * handle.remove();
   */
  registerForwardPreHook<M extends Module>(
    this: M,
    hook: (module: M, inputs: Parameters<M["forward"]>) => unknown,
  ): HookHandle {
    return registerBefore(this, hook as Before);
  }

  /**
   * Calls `hook` after every forward of this module. What it returns takes the output's place, unless undefined. What forward made is freed
   * as ever: pass what should outlive backward to `keep()`, or copy its numbers.
   * @example
   * const handle = layer.registerForwardHook((_, inputs, output) => {
   *   console.log(output.shape);
   * });
   * handle.remove();
   */
  registerForwardHook<M extends Module>(
    this: M,
    hook: (module: M, inputs: Parameters<M["forward"]>, output: ReturnType<M["forward"]>) => unknown,
  ): HookHandle {
    return registerAfter(this, hook as After);
  }

  /** What may be a parameter or a buffer, by name: the fields. */
  protected ownEntries(): Iterable<[string, unknown]> {
    return Object.entries(this);
  }

  private *ownTensors(): Generator<[string, Tensor, "parameter" | "buffer"]> {
    const buffers = this.bufferNames();
    for (const [name, value] of this.ownEntries()) {
      if (value instanceof Parameter) yield [name, value, "parameter"];
      else if (value instanceof Tensor && buffers.includes(name)) yield [name, value, "buffer"];
    }
  }

  private *namedTensors(kind: "parameter" | "buffer" | null): Generator<[string, Tensor]> {
    const seen = new Set<Tensor>();
    for (const [path, module] of this.namedModules()) {
      for (const [name, t, what] of module.ownTensors()) {
        if ((kind !== null && what !== kind) || seen.has(t)) continue;
        seen.add(t);
        yield [path === "" ? name : `${path}.${name}`, t];
      }
    }
  }

  /** Trainable tensors with their paths; one that is shared appears once. */
  namedParameters(): Generator<[string, Tensor]> {
    return this.namedTensors("parameter");
  }

  /** Trainable tensors, in the order of their fields. */
  parameters(): Tensor[] {
    return [...this.namedParameters()].map(([, t]) => t);
  }

  /** State that is not trained (running statistics), with its paths. */
  namedBuffers(): Generator<[string, Tensor]> {
    return this.namedTensors("buffer");
  }

  /** Parameters and buffers by path; the tensors themselves, not copies. */
  stateDict(): Record<string, Tensor> {
    return Object.fromEntries(this.namedTensors(null));
  }

  /**
   * Copies the tensors of `state` into parameters and buffers of the same paths.
   * @param options.strict refuse missing and unexpected keys. Default true.
   * @throws {ValueError} keys differ; {ShapeError} a shape differs. Nothing is copied then.
   */
  loadStateDict(state: Readonly<Record<string, Tensor>>, options: { strict?: boolean } = {}): LoadResult {
    const own = this.stateDict();
    const missing = Object.keys(own).filter((key) => !Object.hasOwn(state, key));
    const unexpected = Object.keys(state).filter((key) => !Object.hasOwn(own, key));
    if ((options.strict ?? true) && missing.length + unexpected.length > 0) {
      throw new ValueError(
        `loadStateDict: ${this.constructor.name} and the state differ; missing: ${missing.join(", ") || "none"}; unexpected: ${unexpected.join(", ") || "none"}. Pass { strict: false } to load what fits`,
      );
    }
    const pairs = Object.entries(own).flatMap(([key, to]) => {
      const from = Object.hasOwn(state, key) ? state[key] : undefined;
      return from === undefined ? [] : [{ key, to, from }];
    });
    for (const { key, to, from } of pairs) {
      if (!sameShape(to.shape, from.shape)) {
        throw new ShapeError(
          `loadStateDict: ${key} is ${formatShape(to.shape)} here and ${formatShape(from.shape)} in the state`,
        );
      }
    }
    noGrad(() => {
      for (const { to, from } of pairs) copy_(to, from);
    });
    return { missing, unexpected };
  }

  /** Switches this module and all below it to training (or, with false, to evaluation). Returns it. */
  train(on = true): this {
    for (const [, module] of this.namedModules()) module.training = on;
    return this;
  }

  /** Switches to evaluation: no dropout, batch norm by its running statistics. Returns it. */
  eval(): this {
    return this.train(false);
  }

  /** Lets every parameter require a gradient or not: freezes with false. Returns it. */
  requiresGrad_(on = true): this {
    for (const t of this.parameters()) t.requiresGrad = on;
    return this;
  }

  /** Drops the gradients of all parameters. */
  zeroGrad(): void {
    for (const t of this.parameters()) dropGradient(t);
  }

  /** Frees all parameters and buffers; the module is of no use afterwards. */
  dispose(): void {
    for (const t of Object.values(this.stateDict())) t.dispose();
  }

  /** The layers as a table with output shapes, parameters and memory, for an input of `inputShape` (with its batch dimension). */
  summary(inputShape: readonly number[]): string {
    return summary(this, inputShape);
  }

  /** What stands in parentheses after the class name in summaries: by default the arguments of config(), where there is one. */
  extraRepr(): string {
    return this.config === Module.prototype.config ? "" : describe(this.config());
  }

  toString(): string {
    const children = [...this.namedChildren()].map(
      ([name, child]) => `  (${name}): ${child.toString().replaceAll("\n", "\n  ")}`,
    );
    const head = `${this.constructor.name}(${this.extraRepr()}`;
    return children.length === 0 ? `${head})` : `${head}\n${children.join("\n")}\n)`;
  }
}
