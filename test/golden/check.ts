import type * as Simdgrad from "../../src/index.ts";
import type { Tensor } from "../../src/index.ts";
import { call } from "./calls.ts";
import { compare, LONG_SUMS, numbersOf, STANDARD, type GoldenTensor, type OpCase } from "./cases.ts";

const LONG = new Set(["conv", "matmul", "reduce"]);

export function toTensor({ tensor }: typeof Simdgrad, t: GoldenTensor): Tensor {
  const numbers = numbersOf(t);
  const data = t.dtype === "f32" ? Float32Array.from(numbers) : Int32Array.from(numbers);
  return tensor(data, { shape: t.shape, dtype: t.dtype });
}

/** Throws where an output or a gradient of a case is not what PyTorch computes. Leaves no tensor behind. */
export function checkOp(library: typeof Simdgrad, family: string, c: OpCase): void {
  const before = library.memory().live;
  library.scope(() => run(library, c, LONG.has(family) ? LONG_SUMS : STANDARD));
  const { live } = library.memory();
  if (live !== before) throw new Error(`${live - before} tensors are left`);
}

function run(library: typeof Simdgrad, c: OpCase, tolerance: typeof STANDARD): void {
  const { add, mul, sum } = library;
  const inputs = Object.fromEntries(
    Object.entries(c.inputs).map(([name, t]) => [name, toTensor(library, t)]),
  );
  for (const [name, g] of Object.entries(c.grads ?? {})) {
    if (g !== null) (inputs[name] as Tensor).requiresGrad = true;
  }
  const outputs = call(library, c.op, inputs, c.attrs);
  if (outputs.length !== c.outputs.length)
    throw new Error(`${outputs.length} outputs, expected ${c.outputs.length}`);
  for (const [i, expected] of c.outputs.entries())
    compare(`output ${i}`, outputs[i] as Tensor, expected, tolerance);
  if (c.cotangents === undefined || c.grads === undefined) return;
  let total: Tensor | null = null;
  for (const [i, cotangent] of c.cotangents.entries()) {
    if (cotangent === null) continue;
    const part = sum(mul(outputs[i] as Tensor, toTensor(library, cotangent)));
    total = total === null ? part : add(total, part);
  }
  if (total?.requiresGrad) total.backward();
  for (const [name, expected] of Object.entries(c.grads)) {
    const got = (inputs[name] as Tensor).grad;
    if (expected === null) {
      if (got !== null) throw new Error(`there is a gradient of ${name}, expected none`);
    } else {
      if (got === null) throw new Error(`no gradient of ${name}`);
      compare(`gradient of ${name}`, got, expected, tolerance);
    }
  }
}
