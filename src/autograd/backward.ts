import { AutogradError, ShapeError } from "../errors.ts";
import { fill_f32 } from "../program/kernels.gen.ts";
import { spans } from "../program/span.ts";
import {
  abandonFrame,
  born,
  closeFrame,
  closeGraphFrame,
  endPass,
  free,
  freeOwned,
  heldTensors,
  openFrame,
  take,
  touch,
} from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { empty, Tensor, type Hook } from "../tensor/tensor.ts";
import { witness } from "../tensor/witness.ts";
import { accumulate, settleGradient, share } from "./accumulate.ts";
import { callHook } from "./hooks.ts";
import { withGrad } from "./mode.ts";
import { Node } from "./node.ts";
import { watch } from "./watch.ts";

export interface BackwardOptions {
  /** Incoming gradient, of the tensor's shape. Default 1, for one-element tensors only. */
  gradient?: Tensor;
  /** Keep what the graph saved, for another pass. Default: the value of createGraph. */
  retainGraph?: boolean;
  /** Record the backward pass itself, for gradients of gradients. Default false. */
  createGraph?: boolean;
}

const NONE: ReadonlySet<Tensor> = new Set<Tensor>();
const BY_PASS = "backward()";
const FAILED = "the failed backward()";
let visits = 0;

/**
 * Adds the gradients of `root` to the `grad` of every leaf that requires one, by reverse-mode differentiation, and frees the graph.
 * @throws {AutogradError} the root needs no gradient, or its graph was consumed already. {ShapeError} an incoming
 * gradient of another shape, or none for a root of several elements.
 * @example
 * const x = tensor([1, 2], { requiresGrad: true });
 * x.square().sum().backward(); // x.grad is [2, 4]
 */
export function backward(root: Tensor, options: BackwardOptions = {}): void {
  const createGraph = options.createGraph ?? false;
  const seed = checkRoot(root, options.gradient, "backward");
  const pass = new Pass(createGraph, options.retainGraph ?? createGraph, null, (leaf, g) => {
    if (witness !== null) witness.gradient(leaf, false);
    leaf.grad = leaf.grad === null ? settleGradient(g, createGraph) : accumulate(leaf.grad, g, createGraph);
    return leaf.grad;
  });
  pass.run([root], [seed]);
}

export interface GradOptions {
  /** Incoming gradients, one an output. Default 1 for one-element outputs. */
  gradOutputs?: readonly Tensor[];
  /** Keep what the graph saved, for another pass. Default: the value of createGraph. */
  retainGraph?: boolean;
  /** Record the backward pass itself, for gradients of gradients. Default false. */
  createGraph?: boolean;
  /** Give null for inputs that the outputs do not depend on, instead of an error. Default false. */
  allowUnused?: boolean;
}

/**
 * Gradients of `outputs` with respect to `inputs` (leaves or results), without touching any `grad` field.
 * @returns one tensor an input, of its shape.
 * @throws {AutogradError} an input is not part of the graph and allowUnused is off.
 * @example
 * const x = tensor([1, 2], { requiresGrad: true });
 * const [gx] = grad(x.pow(3).sum(), x, { createGraph: true }); // [3, 12], differentiable again
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions & { allowUnused: true },
): (Tensor | null)[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options?: GradOptions,
): Tensor[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  const roots = outputs instanceof Tensor ? [outputs] : outputs;
  const targets = inputs instanceof Tensor ? [inputs] : inputs;
  const createGraph = options.createGraph ?? false;
  const seeds = roots.map((root, i) => checkRoot(root, options.gradOutputs?.[i], "grad"));
  const found = targets.map((): Tensor | null => null);
  const wanted = new Set(targets);
  for (const t of targets) {
    touch(t, "grad");
    if (!t.requiresGrad)
      throw new AutogradError(
        "grad: an input does not require gradients; set requiresGrad before it is used",
      );
  }
  const pass = new Pass(createGraph, options.retainGraph ?? createGraph, wanted, (target, g) => {
    const i = targets.indexOf(target);
    const sum = found[i] ?? null;
    return (found[i] = sum === null ? settleGradient(g, createGraph) : accumulate(sum, g, createGraph));
  });
  try {
    pass.run(roots, seeds);
  } catch (error) {
    for (const g of found) if (g !== null) free(g, "the failed grad(…)");
    throw error;
  }
  for (const [i, g] of found.entries()) {
    if (g === null && options.allowUnused !== true) {
      for (const other of found) if (other !== null) free(other, "the failed grad(…)");
      throw new AutogradError(
        `grad: input ${i} is not part of the outputs' graph; pass { allowUnused: true } to get null for it`,
      );
    }
  }
  for (const g of new Set(found)) if (g !== null) born(g);
  for (let i = 0; i < targets.length; i++) {
    const first = targets.indexOf(targets[i] as Tensor);
    if (first !== i) found[i] = found[first] ?? null;
  }
  return found;
}

/** Checks a root and gives its incoming gradient (null: one). */
function checkRoot(root: Tensor, gradient: Tensor | undefined, op: string): Tensor | null {
  touch(root, op);
  if (!root.requiresGrad) {
    throw new AutogradError(
      `${op}: this tensor needs no gradient: nothing it was computed from has requiresGrad, or it was computed under noGrad()`,
    );
  }
  if (gradient === undefined) {
    if (root.size !== 1) {
      throw new ShapeError(
        `${op}: the root must have one element, its shape is ${formatShape(root.shape)}; reduce it (sum, mean) or pass the incoming gradient`,
      );
    }
    return null;
  }
  touch(gradient, op);
  if (!sameShape(gradient.shape, root.shape)) {
    throw new ShapeError(
      `${op}: the incoming gradient has shape ${formatShape(gradient.shape)}, the root ${formatShape(root.shape)}`,
    );
  }
  return gradient;
}

/** One traversal of the graph, later nodes first. */
class Pass {
  private readonly createGraph: boolean;
  private readonly retainGraph: boolean;
  /** The only tensors whose gradients are computed and sunk; null: all leaves. */
  private readonly wanted: ReadonlySet<Tensor> | null;
  /** Takes over a gradient that has arrived; returns the tensor that now holds it. */
  private readonly sink: (target: Tensor, g: Tensor) => Tensor;
  private held: Set<Tensor> | null = null;
  /** The nodes on a way to what is wanted; null: all. */
  private useful: ReadonlySet<Node> | null = null;
  /** Gradients of leaves with hooks, which take the sum of a pass. */
  private pending: Map<Tensor, Tensor> | null = null;

  constructor(
    createGraph: boolean,
    retainGraph: boolean,
    wanted: ReadonlySet<Tensor> | null,
    sink: (target: Tensor, g: Tensor) => Tensor,
  ) {
    this.createGraph = createGraph;
    this.retainGraph = retainGraph;
    this.wanted = wanted;
    this.sink = sink;
  }

  run(roots: readonly Tensor[], seeds: readonly (Tensor | null)[]): void {
    const nodes = collect(roots, this.wanted);
    if (this.wanted !== null) this.useful = new Set(nodes);
    try {
      withGrad(this.createGraph, () => {
        roots.forEach((root, i) => {
          const seed = seeds[i] ?? null;
          const g = this.framed(() => (seed === null ? one(root) : share(seed)));
          this.deliver((root.node as Node | null) ?? root, root.outputIndex, g);
        });
        const walk = (): void => {
          for (const node of nodes) this.step(node);
          this.settlePending();
        };
        if (watch === null) walk();
        else watch.pass(walk);
      });
    } catch (error) {
      for (const node of nodes) dropGrads(node);
      for (const g of this.pending?.values() ?? []) free(g, FAILED);
      throw error;
    }
    if (this.retainGraph) return;
    for (const node of nodes) unlink(node);
    endPass(() => this.heldNow());
  }

  private heldNow(): Set<Tensor> {
    return (this.held ??= heldTensors());
  }

  /** Runs `fn` in a frame and takes its result out of it: gradients in flight belong to the pass alone. */
  private framed(fn: () => Tensor): Tensor {
    const mark = openFrame();
    let result: Tensor;
    try {
      result = fn();
      take(mark, new Set([result]));
    } catch (error) {
      abandonFrame(mark, FAILED);
      throw error;
    }
    this.close(mark);
    return result;
  }

  private close(mark: number): void {
    if (this.createGraph) closeGraphFrame(mark, NONE, BY_PASS);
    else closeFrame(mark, NONE, BY_PASS);
  }

  /** Runs one node's rule and passes its gradients on. */
  private step(node: Node): void {
    const { grads } = node;
    if (grads !== null) {
      if (watch !== null) watch.arrived(node, grads);
      if (node.hooks !== null) this.runHooks(node, grads);
      for (const t of this.wanted ?? []) {
        const g = t.node === node ? grads[t.outputIndex] : null;
        if (g) this.deliverTo(t, share(g));
      }
      const outgoing =
        spans === null
          ? this.vjp(node, grads)
          : spans.span(`backward of ${node.name}`, () => this.vjp(node, grads));
      dropGrads(node);
      this.consume(node);
      try {
        for (const [i, g] of outgoing.entries()) {
          const parent = node.parents[i];
          outgoing[i] = null;
          if (g !== null && parent) this.deliver(parent, node.parentOutputs[i] as number, g);
        }
      } catch (error) {
        for (const g of outgoing) if (g !== null) free(g, FAILED);
        throw error;
      }
    } else if (this.wanted === null) this.consume(node);
  }

  /** Runs the hooks of a node's outputs; those that keep a gradient see what the others leave. */
  private runHooks(node: Node, grads: (Tensor | null)[]): void {
    const hooks = [...(node.hooks ?? [])];
    for (const { output, run } of hooks) {
      const g = grads[output];
      if (g && run) grads[output] = this.hooked(g, run);
    }
    for (const { output, tensor } of hooks) {
      const g = grads[output];
      if (!g || tensor === null || tensor.freedBy !== null) continue;
      const sum = tensor.grad;
      this.framed(() => {
        const own = share(g);
        return (tensor.grad =
          sum === null ? settleGradient(own, this.createGraph) : accumulate(sum, own, this.createGraph));
      });
    }
  }

  /** What a hook makes of a gradient; takes over its handle. */
  private hooked(g: Tensor, hook: Hook): Tensor {
    const next = this.framed(() => callHook(hook, g) ?? g);
    if (next !== g) free(g, BY_PASS);
    return next;
  }

  /** Hands leaves with hooks what the whole pass brought them. */
  private settlePending(): void {
    const { pending } = this;
    if (pending === null) return;
    for (const [leaf, sum] of pending) {
      let g = sum;
      for (const hook of [...(leaf.hooks ?? [])]) {
        g = this.hooked(g, hook);
        pending.set(leaf, g);
      }
      pending.delete(leaf);
      this.framed(() => this.sink(leaf, g));
    }
  }

  private consume(node: Node): void {
    if (this.retainGraph) return;
    node.consume((t) => {
      freeOwned(t, this.heldNow());
    });
  }

  private vjp(node: Node, grads: readonly (Tensor | null)[]): (Tensor | null)[] {
    const mark = openFrame();
    const outgoing: (Tensor | null)[] = [];
    try {
      const results = node.vjp(grads);
      if (watch !== null) watch.rule(node, results);
      const taken = new Set<Tensor>();
      for (let i = 0; i < node.parents.length; i++) {
        const g = results[i] ?? null;
        if (g === null || node.parents[i] === null) {
          outgoing.push(null);
          continue;
        }
        if (!sameShape(g.shape, node.shape(i))) {
          throw new ShapeError(
            `${node.name}: its gradient rule gave shape ${formatShape(g.shape)} for input ${i} of shape ${formatShape(node.shape(i))}`,
          );
        }
        // A gradient handed through, or given to two inputs, needs a handle of its own.
        const own = grads.includes(g) || taken.has(g) || g.aliasOf !== null ? share(g) : g;
        taken.add(own);
        outgoing.push(own);
      }
      take(mark, taken);
    } catch (error) {
      abandonFrame(mark, FAILED);
      throw error;
    }
    this.close(mark);
    return outgoing;
  }

  /** Adds a gradient to a node's output, or sinks it into a leaf; takes over its handle. */
  private deliver(target: Node | Tensor, output: number, g: Tensor): void {
    if (target instanceof Node) {
      if (this.useful !== null && !this.useful.has(target)) {
        free(g, BY_PASS);
        return;
      }
      target.grads ??= target.outputShapes.map(() => null);
      const sum = target.grads[output] ?? null;
      target.grads[output] = sum === null ? g : this.taking(g, () => accumulate(sum, g, this.createGraph));
    } else if (this.wanted !== null && !this.wanted.has(target)) free(g, BY_PASS);
    else if (target.hooks !== null) {
      this.pending ??= new Map<Tensor, Tensor>();
      const sum = this.pending.get(target);
      this.pending.set(
        target,
        sum === undefined ? g : this.taking(g, () => accumulate(sum, g, this.createGraph)),
      );
    } else this.deliverTo(target, g);
  }

  /** Sinks a gradient into a leaf or a wanted tensor; takes over its handle. */
  private deliverTo(target: Tensor, g: Tensor): void {
    this.taking(g, () => this.sink(target, g));
  }

  /** Runs `fn`, which takes over a gradient's handle, and frees that where it fails. */
  private taking(g: Tensor, fn: () => Tensor): Tensor {
    try {
      return this.framed(fn);
    } catch (error) {
      free(g, FAILED);
      throw error;
    }
  }
}

function one(root: Tensor): Tensor {
  const g = empty(root.shape, "f32");
  fill_f32(g.ptr, 1, 1);
  return g;
}

/** The graph's nodes, later ones first; with `wanted` only those on a way to one of them. */
function collect(roots: readonly Tensor[], wanted: ReadonlySet<Tensor> | null): Node[] {
  const visit = ++visits;
  const nodes: Node[] = [];
  const stack = roots.flatMap((root) => (root.node === null ? [] : [root.node as Node]));
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.visited === visit) continue;
    node.visited = visit;
    nodes.push(node);
    for (const parent of node.parents) {
      if (parent instanceof Node && parent.visited !== visit) stack.push(parent);
    }
  }
  nodes.sort((a, b) => b.id - a.id);
  if (wanted === null) return nodes;
  const useful = new Set<Node>();
  for (const t of wanted) if (t.node !== null) useful.add(t.node as Node);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i] as Node;
    if (node.parents.some((p) => (p instanceof Node ? useful.has(p) : p !== null && wanted.has(p))))
      useful.add(node);
  }
  return nodes.filter((node) => useful.has(node));
}

function dropGrads(node: Node): void {
  for (const g of node.grads ?? []) if (g !== null) free(g, BY_PASS);
  node.grads = null;
}

/** Lets a consumed node's parents go; only after the pass, since they are part of it. */
function unlink(node: Node): void {
  if (!node.consumed) return;
  for (let i = 0; i < node.parents.length; i++) {
    const parent = node.parents[i];
    node.parents[i] = null;
    if (parent instanceof Node) parent.unref();
  }
}
