import { AutogradError } from "../errors.ts";
import { free } from "../tensor/lifetime.ts";
import { alias, type GraphNode, type Hook, type Tensor } from "../tensor/tensor.ts";
import { region, type Region } from "./region.ts";

/** What an op hands to its vector–Jacobian product. */
export interface Saved {
  /** An input as it was; the record's `saves` must list it. */
  input(i: number): Tensor;
  /** The first output as it was; the record's `saves` must ask for it. */
  readonly output: Tensor;
  /** What forward pushed to `extras`. */
  extra(i: number): Tensor;
  /** Whether input i needs a gradient. */
  needs(i: number): boolean;
  /** Shape of input i. */
  shape(i: number): readonly number[];
  /** Shapes of all inputs. */
  readonly shapes: readonly (readonly number[])[];
}

/** The rule of an op: what it computes, what it keeps for backward, and its vector–Jacobian product in public ops. */
export interface OpRecord<A = unknown> {
  readonly name: string;
  /** Checks shapes and dtypes, emits kernels, returns the result(s). Tensors pushed to `extras` are kept for backward. */
  forward(inputs: readonly Tensor[], attrs: A, extras: Tensor[]): Tensor | Tensor[];
  /** Which inputs, and whether the output, backward reads. */
  readonly saves?: { readonly inputs?: readonly number[]; readonly output?: boolean };
  /** Gradients of the inputs from those of the outputs (null: none flows). Absent: not differentiable. */
  vjp?(grads: readonly (Tensor | null)[], saved: Saved, attrs: A): (Tensor | null)[];
  /** Takes f16 and bf16 as they are, for moving elements. Default false: it gets f32 copies of them. */
  readonly halves?: boolean;
  /** Outputs that gradients flow through; default all. */
  readonly differentiable?: readonly number[];
}

let nextId = 1;

/** A value kept for backward; null where a checkpoint has dropped it, and then `dropped` still tells its place in the graph. */
export interface SavedTensor {
  tensor: Tensor | null;
  version: number;
  dropped?: Tensor;
}

/** Where a tensor stands in the graph: all that recording needs to know of an input. */
export type Place = Pick<Tensor, "shape" | "requiresGrad" | "node" | "outputIndex" | "aliasOf">;

/** A hook on one output of a node, or (run null) a result that keeps its gradient. */
export interface OutputHook {
  readonly output: number;
  readonly run: Hook | null;
  readonly tensor: Tensor | null;
}

function save(t: Tensor): SavedTensor {
  return { tensor: alias(t), version: t.storage.version };
}

/** One recorded op. */
export class Node implements GraphNode, Saved {
  readonly id = nextId++;
  refs = 0;
  readonly owned: Tensor[] = [];
  /** Where each input came from: a node, a leaf that wants a gradient, or null. */
  readonly parents: (Node | Tensor | null)[];
  readonly parentOutputs: number[];
  readonly shapes: (readonly number[])[];
  readonly outputShapes: (readonly number[])[];
  /** Gradients that have arrived at the outputs, during a pass. */
  grads: (Tensor | null)[] | null = null;
  consumed = false;
  /** The pass that last visited it. */
  visited = 0;
  hooks: OutputHook[] | null = null;
  /** Where the op was called, in anomaly mode. */
  site: string | null = null;
  /** The input that its output is a view of, or −1. */
  viewed = -1;
  private readonly region: Region | null;
  private readonly record: OpRecord<never>;
  private readonly attrs: unknown;
  private saved: (SavedTensor | null)[] = [];
  private savedOutput: SavedTensor | null = null;
  private extras: SavedTensor[] = [];

  constructor(
    record: OpRecord<never>,
    inputs: readonly Place[],
    attrs: unknown,
    outputs: readonly { readonly shape: readonly number[] }[],
  ) {
    this.record = record;
    this.attrs = attrs;
    const count = inputs.length;
    this.parents = new Array<Node | Tensor | null>(count);
    this.parentOutputs = new Array<number>(count);
    this.shapes = new Array<readonly number[]>(count);
    for (let i = 0; i < count; i++) {
      const t = inputs[i] as Place;
      this.shapes[i] = t.shape;
      this.parentOutputs[i] = t.outputIndex;
      if (!t.requiresGrad) this.parents[i] = null;
      else if (t.node === null) this.parents[i] = t.aliasOf ?? (t as Tensor);
      else {
        const parent = t.node as Node;
        parent.refs++;
        this.parents[i] = parent;
      }
    }
    this.outputShapes = outputs.map((t) => t.shape);
    for (const i of record.saves?.inputs ?? []) if (i < count) this.saved[i] = save(inputs[i] as Tensor);
    this.region = region;
    if (region !== null) region.add(this);
  }

  /** Saves what only the op's end gives, once the outputs have their places in the graph. */
  finish(output: Tensor, extras: readonly Tensor[]): void {
    if (this.record.saves?.output) this.savedOutput = save(output);
    for (const t of extras) this.extras.push(save(t));
  }

  get name(): string {
    return this.record.name;
  }

  input(i: number): Tensor {
    return this.unpack(this.saved[i], `input ${i}`);
  }

  get output(): Tensor {
    return this.unpack(this.savedOutput, "the output");
  }

  extra(i: number): Tensor {
    return this.unpack(this.extras[i], `extra ${i}`);
  }

  needs(i: number): boolean {
    return this.parents[i] !== null;
  }

  shape(i: number): readonly number[] {
    return this.shapes[i] as readonly number[];
  }

  private unpack(saved: SavedTensor | null | undefined, what: string): Tensor {
    if (saved === null || saved === undefined)
      throw new AutogradError(`${this.name}: the record does not save ${what}`);
    if (saved.tensor === null) this.region?.fill();
    const { tensor, version } = saved;
    if (tensor === null) {
      throw new AutogradError(
        `${this.name}: the checkpoint did not make ${what} again; its function must do the same in every run`,
      );
    }
    if (tensor.storage.version !== version) {
      throw new AutogradError(
        `${this.name}: ${what} of shape [${tensor.shape.join(", ")}] was changed in place after it was saved for backward (version ${tensor.storage.version}, saved ${version}); use the op that makes a new tensor, or clone() first`,
      );
    }
    return tensor;
  }

  /** What is saved, for a checkpoint to drop. */
  *slots(): Generator<SavedTensor> {
    for (const s of this.saved) if (s) yield s;
    if (this.savedOutput !== null) yield this.savedOutput;
    yield* this.extras;
  }

  /** Takes over what another run of the op has saved, where this one's was dropped. */
  refill(again: Node): void {
    this.saved.forEach((s, i) => {
      adopt(s, again.saved[i]);
    });
    adopt(this.savedOutput, again.savedOutput);
    this.extras.forEach((s, i) => {
      adopt(s, again.extras[i]);
    });
  }

  /** Gradients of the inputs. */
  vjp(grads: readonly (Tensor | null)[]): (Tensor | null)[] {
    if (this.consumed) {
      throw new AutogradError(
        `backward: the graph of ${this.name} has been consumed by an earlier backward(); pass { retainGraph: true } there, or detach() what carries over`,
      );
    }
    const { record } = this;
    if (record.vjp === undefined) throw new AutogradError(`backward: ${this.name} has no gradient`);
    return record.vjp(grads, this, this.attrs as never);
  }

  /** Gives back what was saved. Handles that the graph owns go to `freeHandle`. */
  consume(freeHandle: (t: Tensor) => void): void {
    if (!this.consumed) this.region?.leave();
    this.consumed = true;
    for (const s of this.saved) s?.tensor?.storage.release();
    this.savedOutput?.tensor?.storage.release();
    for (const s of this.extras) s.tensor?.storage.release();
    this.saved = [];
    this.savedOutput = null;
    this.extras = [];
    for (const t of this.owned.splice(0)) freeHandle(t);
  }

  /** Drops one reference; without any, the node and all that only it keeps go. */
  unref(): void {
    if (--this.refs === 0) release(this);
  }
}

/** Drops a saved value that can be made again. */
export function drop(saved: SavedTensor): void {
  if (saved.tensor === null) return;
  saved.tensor.storage.release();
  saved.dropped = saved.tensor;
  saved.tensor = null;
}

/** Moves a saved value from another run to where it was dropped; it takes the place in the graph of the one before. */
export function adopt(to: SavedTensor | null | undefined, from: SavedTensor | null | undefined): void {
  if (!to?.dropped || !from || from.tensor === null) return;
  const { tensor } = from;
  tensor.node = to.dropped.node;
  tensor.outputIndex = to.dropped.outputIndex;
  tensor.aliasOf = to.dropped.aliasOf;
  to.tensor = tensor;
  to.version = from.version;
  delete to.dropped;
  from.tensor = null;
}

/** Frees nodes that nothing refers to, iteratively: graphs are deeper than the call stack. */
function release(first: Node): void {
  const stack: Node[] = [first];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    node.consume((t) => {
      free(t, "the end of its graph, which nothing referred to any more");
    });
    for (let i = 0; i < node.parents.length; i++) {
      const parent = node.parents[i];
      node.parents[i] = null;
      if (parent instanceof Node && --parent.refs === 0) stack.push(parent);
    }
  }
}
