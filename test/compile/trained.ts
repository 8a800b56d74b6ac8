import { expect } from "vitest";
import { add, compile, type Compiled, manualSeed, optim, square, sum, type Tensor } from "../../src/index.ts";
import { collectTensors } from "../../src/tensor/lifetime.ts";
import { SAMPLES, type Sample } from "../nn/samples.ts";

/** Every sample of a layer that has a forward, with a title. */
export const LAYERS: readonly (Sample & { readonly title: string })[] = Object.entries(SAMPLES).flatMap(
  ([name, samples]) =>
    samples
      .map((sample, i) => ({ title: i === 0 ? name : `${name}, way ${i + 1}`, ...sample }))
      .filter(({ inputs }) => inputs().length > 0),
);

/** Everything that three steps leave, as numbers: results, gradients of inputs, gradients, parameters and buffers. */
export function trained({ make, inputs: makeInputs }: Sample, compiled: boolean): unknown[] {
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
