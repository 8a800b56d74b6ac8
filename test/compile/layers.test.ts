import { describe, expect, test } from "vitest";
import {
  add,
  compile,
  type Compiled,
  manualSeed,
  nn,
  optim,
  square,
  sum,
  type Tensor,
  tensor,
} from "../../src/index.ts";
import { collectTensors } from "../../src/tensor/lifetime.ts";
import { SAMPLES } from "../nn/samples.ts";

/** Everything that three steps leave, as numbers: results, gradients of inputs, gradients, parameters and buffers. */
function train(make: () => nn.Module, makeInputs: () => unknown[], compiled: boolean): unknown[] {
  manualSeed(3);
  const model = make();
  const parameters = model.parameters();
  const optimizer = parameters.length > 0 ? new optim.SGD(parameters, { lr: 0.1, momentum: 0.9 }) : null;
  const body = (...inputs: unknown[]): unknown => {
    optimizer?.zeroGrad();
    const result = (model as { forward(...inputs: unknown[]): unknown }).forward(...inputs);
    const parts = [...collectTensors(result, new Set<Tensor>())].filter((t) => t.requiresGrad);
    const total = parts.map((t) => sum(square(t))).reduce<Tensor | null>((a, b) => (a ? add(a, b) : b), null);
    total?.backward();
    optimizer?.step();
    return result;
  };
  const step = compiled ? compile(body as (...inputs: Tensor[]) => unknown) : body;
  const left: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    manualSeed(10 + i);
    const inputs = makeInputs();
    const leaves = [...collectTensors(inputs, new Set<Tensor>())].filter((t) => t.dtype === "f32");
    for (const t of leaves) t.requiresGrad = true;
    left.push(
      [...collectTensors(step(...(inputs as Tensor[])), new Set<Tensor>())].map((t) => Array.from(t.data)),
    );
    left.push(leaves.map((t) => t.grad && Array.from(t.grad.data)));
    left.push(parameters.map((t) => t.grad && Array.from(t.grad.data)));
  }
  left.push(Object.entries(model.stateDict()).map(([name, t]) => [name, Array.from(t.data)]));
  if (compiled) expect((step as Compiled<Tensor[], unknown>).stats()?.captures).toBe(1);
  return left;
}

/** What a sample's forward needs JavaScript for, at each call. */
const REFUSED: Readonly<Record<string, RegExp>> = {};

describe("every layer, compiled against eager, bit for bit", () => {
  const cases = Object.entries(SAMPLES).flatMap(([name, samples]) =>
    samples.map((sample, i) => ({ title: i === 0 ? name : `${name}, way ${i + 1}`, name, ...sample })),
  );
  test.each(cases.filter(({ inputs }) => inputs().length > 0))("$title", ({ name, make, inputs }) => {
    const rule = REFUSED[name];
    if (rule !== undefined) expect(() => train(make, inputs, true)).toThrow(rule);
    else expect(train(make, inputs, true)).toEqual(train(make, inputs, false));
  });
});

test("a layer in eval mode", () => {
  const model = new nn.BatchNorm1d(2).eval();
  const run = compile(model);
  const x = tensor([[1, 2]]);
  const first = run(x).toArray();
  expect(run(x).toArray()).toEqual(first);
  expect(run.stats()?.captures).toBe(1);
});
