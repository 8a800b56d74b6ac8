import { describe, expect, it } from "vitest";
import { add, memory, mul, scope, sum, type Tensor } from "../../src/index.ts";
import { call } from "./calls.ts";
import { compare, LONG_SUMS, opFamilies, STANDARD, toTensor, type OpCase } from "./load.ts";

const LONG = new Set(["conv", "matmul", "reduce"]);

function run(c: OpCase, tolerance = STANDARD): void {
  const inputs = Object.fromEntries(Object.entries(c.inputs).map(([name, t]) => [name, toTensor(t)]));
  for (const [name, g] of Object.entries(c.grads ?? {})) {
    if (g !== null) (inputs[name] as Tensor).requiresGrad = true;
  }
  const outputs = call(c.op, inputs, c.attrs);
  expect(outputs.length).toBe(c.outputs.length);
  for (const [i, expected] of c.outputs.entries())
    compare(`output ${i}`, outputs[i] as Tensor, expected, tolerance);
  if (c.cotangents === undefined || c.grads === undefined) return;
  let total: Tensor | null = null;
  for (const [i, cotangent] of c.cotangents.entries()) {
    if (cotangent === null) continue;
    const part = sum(mul(outputs[i] as Tensor, toTensor(cotangent)));
    total = total === null ? part : add(total, part);
  }
  if (total?.requiresGrad) total.backward();
  for (const [name, expected] of Object.entries(c.grads)) {
    const got = (inputs[name] as Tensor).grad;
    if (expected === null) expect(got).toBeNull();
    else {
      if (got === null) throw new Error(`no gradient of ${name}`);
      compare(`gradient of ${name}`, got, expected, tolerance);
    }
  }
}

for (const { family, cases } of opFamilies()) {
  describe(`golden ${family}`, () => {
    for (const c of cases) {
      it(c.name, () => {
        const before = memory().live;
        scope(() => {
          run(c, LONG.has(family) ? LONG_SUMS : STANDARD);
        });
        expect(memory().live).toBe(before);
      });
    }
  });
}
