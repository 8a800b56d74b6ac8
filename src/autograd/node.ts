import { AutogradError } from "../errors.ts";
import { free } from "../tensor/lifetime.ts";
import { alias, type GraphNode, type Tensor } from "../tensor/tensor.ts";

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

interface SavedTensor {
  readonly tensor: Tensor;
  readonly version: number;
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
  private readonly record: OpRecord<never>;
  private readonly attrs: unknown;
  private saved: (SavedTensor | null)[] = [];
  private savedOutput: SavedTensor | null = null;
  private extras: SavedTensor[] = [];

  constructor(
    record: OpRecord<never>,
    inputs: readonly Tensor[],
    attrs: unknown,
    outputs: readonly Tensor[],
    extras: readonly Tensor[],
  ) {
    this.record = record;
    this.attrs = attrs;
    const count = inputs.length;
    this.parents = new Array<Node | Tensor | null>(count);
    this.parentOutputs = new Array<number>(count);
    this.shapes = new Array<readonly number[]>(count);
    for (let i = 0; i < count; i++) {
      const t = inputs[i] as Tensor;
      this.shapes[i] = t.shape;
      this.parentOutputs[i] = t.outputIndex;
      if (!t.requiresGrad) this.parents[i] = null;
      else if (t.node === null) this.parents[i] = t.aliasOf ?? t;
      else {
        const parent = t.node as Node;
        parent.refs++;
        this.parents[i] = parent;
      }
    }
    this.outputShapes = outputs.map((t) => t.shape);
    for (const i of record.saves?.inputs ?? []) if (i < count) this.saved[i] = save(inputs[i] as Tensor);
    for (const t of extras) this.extras.push(save(t));
  }

  /** Saves the output, once it has its place in the graph. */
  saveOutput(t: Tensor): void {
    this.savedOutput = save(t);
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
    if (saved.tensor.storage.version !== saved.version) {
      throw new AutogradError(
        `${this.name}: ${what} of shape [${saved.tensor.shape.join(", ")}] was changed in place after it was saved for backward (version ${saved.tensor.storage.version}, saved ${saved.version}); use the op that makes a new tensor, or clone() first`,
      );
    }
    return saved.tensor;
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
    this.consumed = true;
    for (const s of this.saved) s?.tensor.storage.release();
    this.savedOutput?.tensor.storage.release();
    for (const s of this.extras) s.tensor.storage.release();
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
