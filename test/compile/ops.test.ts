import { describe, expect, it } from "vitest";
import {
  backward,
  compile,
  CompileError,
  type Compiled,
  manualSeed,
  memory,
  scope,
  tensor,
  type Tensor,
} from "../../src/index.ts";
import { specs } from "../ops/specs/index.ts";
import { titleOf, toTensor, type Input, type OpSpec, type Sample } from "../ops/spec.ts";

/** The same numbers in other places, where that keeps them valid. */
function rolled(input: Input): Input {
  if (input.dtype !== "f32" || input.values.length < 2) return input;
  const values = input.values.map((_, i, all) => all[(i + 1) % all.length] as number);
  return { ...input, values };
}

/** Output and gradients of an op on each of the inputs. */
function run(spec: OpSpec, sample: Sample, compiled: boolean): (readonly number[] | null)[] {
  const gradients = spec.gradients ?? sample.inputs.flatMap((input, i) => (input.dtype === "f32" ? [i] : []));
  const body = (inputs: Tensor[]): Tensor => {
    const out = spec.call(inputs, sample.attrs);
    if (out.requiresGrad) {
      const weights = Float32Array.from({ length: out.size }, (_, i) => 0.5 + ((i * 37) % 64) / 64);
      backward(out, { gradient: tensor(weights, { shape: out.shape }) });
    }
    return out;
  };
  const step = compiled ? compile(body) : body;
  const seen: (readonly number[] | null)[] = [];
  for (const inputs of [sample.inputs, sample.inputs.map(rolled), sample.inputs]) {
    manualSeed(1);
    const tensors = inputs.map(toTensor);
    for (const i of gradients) (tensors[i] as Tensor).requiresGrad = true;
    seen.push(Array.from(step(tensors).data));
    for (const i of gradients) {
      const { grad } = tensors[i] as Tensor;
      seen.push(grad && Array.from(grad.data));
    }
  }
  if (compiled) (step as Compiled<[Tensor[]], Tensor>).dispose();
  return seen;
}

/** Ops whose result has a shape, or whose work has a course, that depends on data. */
const BY_DATA = ["bincount", "indexPut", "maskedSelect", "nonzero", "repeatInterleave", "unique"];

describe("every op, compiled against eager, bit for bit", () => {
  for (const [name, spec] of Object.entries<OpSpec>(specs)) {
    for (const [i, sample] of spec.samples.entries()) {
      it(`${name}: ${titleOf(i, sample)}`, () => {
        const before = memory().live;
        scope(() => {
          const eager = run(spec, sample, false);
          let compiled: unknown;
          try {
            compiled = run(spec, sample, true);
          } catch (error) {
            expect((error as Error).name).toBe(CompileError.name);
            expect(BY_DATA, (error as Error).message).toContain(name);
            return;
          }
          expect(compiled).toEqual(eager);
        });
        expect(memory().live).toBe(before);
      });
    }
  }
});
