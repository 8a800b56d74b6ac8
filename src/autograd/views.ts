import { AutogradError } from "../errors.ts";
import { born } from "../tensor/lifetime.ts";
import { formatShape, type Shape } from "../tensor/shape.ts";
import type { Family, Tensor, ViewHistory } from "../tensor/tensor.ts";
import { Node, type OpRecord, type Place } from "./node.ts";
import { embedRecord, lookRecord, overlaps, overwriteRecord, windowOf, type Window } from "./window.ts";

/**
 * Writes in place that are recorded on one of several views. PyTorch rebases the history of the base (CopySlices) and lets its views look
 * their gradient functions up anew; here the same is said in three small records (window.ts) over the storage as a flat row: the write is
 * an `overwrite` of the row, and whoever else shows the row looks at the new one. Tensors learn of it when they are next used, by the
 * generation that they have seen.
 */

/** Gives a tensor another place in the graph. */
export function moveTo(t: Tensor, node: Node): void {
  const old = t.node as Node | null;
  const owned = old !== null && !t.countsNode;
  node.refs++;
  t.node = node;
  t.outputIndex = 0;
  t.countsNode = true;
  t.requiresGrad = true;
  if (t.lease !== null) t.lease.node = node;
  if (owned) {
    // It belonged to the graph of the value before; a graph that holds what holds the graph would never end.
    const at = old.owned.indexOf(t);
    if (at >= 0) {
      old.owned.splice(at, 1);
      born(t);
    }
  } else old?.unref();
}

const placeOf = (node: Node, outputIndex: number, shape: Shape): Place => ({
  shape,
  requiresGrad: true,
  node,
  outputIndex,
  aliasOf: null,
});

/** A recorded step that runs nothing: the values are there already. */
function step(record: OpRecord<Window>, inputs: readonly Place[], window: Window, shape: Shape): Node {
  return new Node(record, inputs, window, [{ shape }]);
}

class History implements ViewHistory {
  generation = 0;
  /** The flat row as the last write left it; null while it is made of constants. */
  private row: Node | null = null;
  private readonly size: number;

  constructor(size: number, row: Node | null) {
    this.size = size;
    this.setRow(row);
  }

  private setRow(row: Node | null): void {
    if (row !== null) row.refs++;
    this.row?.unref();
    this.row = row;
  }

  private get place(): Place {
    const { row, size } = this;
    if (row === null)
      return { shape: [size], requiresGrad: false, node: null, outputIndex: 0, aliasOf: null };
    return placeOf(row, 0, [size]);
  }

  /** `t` was written to, by `node`. */
  write(t: Tensor, node: Node): void {
    const window = windowOf(t);
    this.setRow(step(overwriteRecord, [this.place, placeOf(node, 0, t.shape)], window, [this.size]));
    t.seen = ++this.generation;
  }

  update(t: Tensor): void {
    const moving = t.strides.map((_, d) => d).filter((d) => t.strides[d] !== 0);
    const pick = (list: Shape): number[] => moving.map((d) => list[d] as number);
    if (overlaps(pick(t.shape), pick(t.strides))) {
      throw new AutogradError(
        `in-place write: a view of shape ${formatShape(t.shape)} whose elements overlap was made before the write and cannot follow it; make the view after the write`,
      );
    }
    t.seen = this.generation;
    moveTo(t, step(lookRecord, [this.place], windowOf(t), t.shape));
  }

  end(): void {
    this.setRow(null);
  }
}

/** What a recorded write to `t` does to the graph: call it once the node exists. Throws before anything is changed. */
export function planWrite(op: string, t: Tensor): (node: Node) => void {
  if (t.requiresGrad && t.isLeaf) {
    throw new AutogradError(
      `${op}: writing in place to a leaf that requires gradients cannot be recorded: its gradient belongs to the value it had; wrap it in noGrad(() => …), or use the op that makes a new tensor`,
    );
  }
  const { family } = t;
  if (family === null || family.members === 1) {
    return (node) => {
      t.family?.leave();
      t.family = null;
      moveTo(t, node);
    };
  }
  let { history } = family;
  if (history === null) {
    const row = rowBefore(op, t, family);
    return (node) => {
      history = family.history = new History(t.storage.bytes / 4, row());
      moveTo(t, node);
      (history as History).write(t, node);
    };
  }
  return (node) => {
    moveTo(t, node);
    (history as History).write(t, node);
  };
}

/** The flat row before the family's first recorded write: what the base was made by. */
function rowBefore(op: string, t: Tensor, { base }: Family): () => Node | null {
  if (!t.requiresGrad) {
    if (base.requiresGrad) {
      throw new AutogradError(
        `${op}: this view was made without recording, under noGrad() or before its base required gradients, so the base cannot learn of a recorded write; make the view with recording on, write under noGrad(), or clone() the view first`,
      );
    }
    return () => null;
  }
  let node = t.node as Node;
  let output = t.outputIndex;
  while (node.viewed >= 0) {
    const parent = node.parents[node.viewed] ?? null;
    if (!(parent instanceof Node)) {
      throw new AutogradError(
        node.consumed
          ? `${op}: the graph of this view was consumed by backward(); detach() the view, or write under noGrad()`
          : `${op}: this is a view of a leaf that requires gradients, and a write to it cannot be recorded; wrap it in noGrad(() => …), or clone() the leaf first`,
      );
    }
    output = node.parentOutputs[node.viewed] as number;
    node = parent;
  }
  const place = placeOf(node, output, base.shape);
  return () => step(embedRecord, [place], windowOf(base), [t.storage.bytes / 4]);
}
