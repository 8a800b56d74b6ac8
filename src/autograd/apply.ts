import { abandonFrame, BY_OP, closeFrame, closeFrame1, openFrame, touch } from "../tensor/lifetime.ts";
import { spans } from "../program/span.ts";
import { isHalf } from "../tensor/dtype.ts";
import { leaveFamily, widen, type Tensor } from "../tensor/tensor.ts";
import { isGradEnabled } from "./mode.ts";
import { Node, type OpRecord } from "./node.ts";
import { region } from "./region.ts";
import { watch } from "./watch.ts";

/** Runs an op of one output and records it where a gradient will be wanted. */
export function apply<A>(record: OpRecord<A>, inputs: readonly Tensor[], attrs: A): Tensor {
  return run(record, inputs, attrs) as Tensor;
}

/** Runs an op of several outputs. */
export function applyMulti<A>(record: OpRecord<A>, inputs: readonly Tensor[], attrs: A): Tensor[] {
  return run(record, inputs, attrs) as Tensor[];
}

function run<A>(record: OpRecord<A>, inputs: readonly Tensor[], attrs: A): Tensor | Tensor[] {
  if (spans === null) return perform(record, inputs, attrs);
  return spans.span(record.name, () => perform(record, inputs, attrs));
}

function perform<A>(record: OpRecord<A>, inputs: readonly Tensor[], attrs: A): Tensor | Tensor[] {
  let wanted = false;
  let halves = false;
  for (const t of inputs) {
    touch(t, record.name);
    if (t.requiresGrad) wanted = true;
    if (isHalf(t.dtype)) halves = true;
    if (region !== null) region.read(t.storage);
  }
  wanted = wanted && record.vjp !== undefined && isGradEnabled();
  const mark = openFrame();
  const extras: Tensor[] = [];
  let result: Tensor | Tensor[];
  try {
    const operands = halves && record.halves !== true ? inputs.map(widen) : inputs;
    result = record.forward(operands, attrs, extras);
    if (watch !== null) watch.results(record.name, operands, Array.isArray(result) ? result : [result]);
    if (wanted) attach(record, operands, attrs, result, extras);
  } catch (error) {
    abandonFrame(mark, `the failed ${record.name}(…)`);
    throw error;
  }
  if (Array.isArray(result)) closeFrame(mark, new Set(result), BY_OP);
  else closeFrame1(mark, result, BY_OP);
  return result;
}

function attach<A>(
  record: OpRecord<A>,
  inputs: readonly Tensor[],
  attrs: A,
  result: Tensor | Tensor[],
  extras: readonly Tensor[],
): void {
  const outputs = Array.isArray(result) ? result : [result];
  const node = new Node(record, inputs, attrs, outputs);
  if (watch !== null) node.site = watch.site();
  outputs.forEach((t, i) => {
    if (t.family !== null) {
      node.viewed = inputs.findIndex((input) => input.storage === t.storage);
      if (node.viewed < 0) leaveFamily(t); // a view of a temporary: nobody else can see it
    }
    if (t.dtype !== "f32" || (record.differentiable !== undefined && !record.differentiable.includes(i)))
      return;
    t.node = node;
    t.outputIndex = i;
    t.requiresGrad = true;
    t.countsNode = true;
    node.refs++;
  });
  node.finish(outputs[0] as Tensor, extras);
}
