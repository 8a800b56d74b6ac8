import { ShapeError } from "../errors.ts";
import { spans } from "../program/span.ts";
import { countHandle } from "../tensor/handle.ts";
import { abandonFrame, BY_OP, closeFrame, openFrame, touch } from "../tensor/lifetime.ts";
import { contiguousStrides, formatShape, sameShape } from "../tensor/shape.ts";
import { Storage } from "../tensor/storage.ts";
import { copyInto, Tensor } from "../tensor/tensor.ts";
import { isGradEnabled } from "./mode.ts";
import { Node, type OpRecord } from "./node.ts";
import { region } from "./region.ts";
import { planWrite } from "./views.ts";
import { watch } from "./watch.ts";
import { overlaps } from "./window.ts";

const NONE: ReadonlySet<Tensor> = new Set<Tensor>();

/**
 * Runs an op whose result takes the place of its first input's values, and records it: the tensor moves on to the new node, and the tensors
 * that share its storage follow (views.ts). What the record saves of the old values is copied first.
 * @param direct writes the result without a temporary, where the operands allow it.
 */
export function applyInPlace<A>(
  record: OpRecord<A>,
  inputs: readonly [Tensor, ...Tensor[]],
  attrs: A,
  direct: (() => void) | null = null,
): Tensor {
  if (spans === null) return perform(record, inputs, attrs, direct);
  return spans.span(record.name, () => perform(record, inputs, attrs, direct));
}

function perform<A>(
  record: OpRecord<A>,
  inputs: readonly [Tensor, ...Tensor[]],
  attrs: A,
  direct: (() => void) | null,
): Tensor {
  const t = inputs[0];
  let wanted = false;
  for (const input of inputs) {
    touch(input, record.name);
    if (input.requiresGrad) wanted = true;
    if (region !== null) region.read(input.storage);
  }
  if (overlaps(t.shape, t.strides)) {
    throw new ShapeError(
      `${record.name}: several elements of this ${formatShape(t.shape)} lie in one place (an expanded view); clone() it first`,
    );
  }
  wanted = wanted && record.vjp !== undefined && t.dtype === "f32" && isGradEnabled();
  const commit = wanted ? planWrite(record.name, t) : null;
  const mark = openFrame();
  const before: Tensor[] = [];
  try {
    const sources = commit === null ? inputs : inputs.map((input, i) => asSaved(record, input, i, t, before));
    const extras: Tensor[] = [];
    const run = direct ?? ((): void => overwrite(record.name, t, record.forward(sources, attrs, extras)));
    if (watch === null) run();
    else {
      const given = sources.map((input) => (input === t ? copyOf(t, before) : input));
      run();
      watch.results(record.name, given, [t]);
    }
    t.storage.version++;
    if (commit !== null) {
      const node = new Node(record, sources, attrs, [t]);
      if (watch !== null) node.site = watch.site();
      commit(node);
      node.finish(t, extras);
    }
  } catch (error) {
    abandonFrame(mark, `the failed ${record.name}(…)`);
    throw error;
  } finally {
    for (const copy of before) copy.storage.release();
  }
  closeFrame(mark, NONE, BY_OP);
  return t;
}

/** The input as backward will read it: a copy where the write would change it. */
function asSaved<A>(record: OpRecord<A>, input: Tensor, i: number, t: Tensor, before: Tensor[]): Tensor {
  return input.storage === t.storage && record.saves?.inputs?.includes(i) ? copyOf(input, before) : input;
}

/** A copy that stands where the tensor stands in the graph, outside of the lifetime rules: its maker releases it. */
function copyOf(t: Tensor, made: Tensor[]): Tensor {
  const copy = new Tensor(new Storage(t.size * 4, t.dtype), 0, t.shape, contiguousStrides(t.shape), t.dtype);
  countHandle(-1);
  made.push(copy);
  copyInto(copy, t);
  copy.node = t.node;
  copy.outputIndex = t.outputIndex;
  copy.requiresGrad = t.requiresGrad;
  copy.aliasOf = t.aliasOf ?? t;
  return copy;
}

function overwrite(op: string, t: Tensor, result: Tensor | Tensor[]): void {
  const out = result as Tensor;
  if (!sameShape(out.shape, t.shape)) {
    throw new ShapeError(
      `${op}: the result has shape ${formatShape(out.shape)}, which does not fit into this tensor of ${formatShape(t.shape)}; use the op that makes a new tensor`,
    );
  }
  copyInto(t, out);
}
