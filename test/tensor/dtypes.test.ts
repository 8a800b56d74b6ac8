import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as ops from "../../src/ops/index.ts";
import {
  add,
  cat,
  DTypeError,
  full,
  linear,
  matmul,
  memory,
  nn,
  ones,
  scope,
  SimdgradError,
  tensor,
  to,
  zeros,
  type DType,
  type Tensor,
} from "../../src/index.ts";
import { DTYPES } from "../../src/tensor/dtype.ts";
import { specs } from "../ops/specs/index.ts";
import { toTensor, type OpSpec } from "../ops/spec.ts";

const HALVES = ["f16", "bf16"] as const;

describe("docs/dtypes.md", () => {
  const text = readFileSync(new URL("../../docs/dtypes.md", import.meta.url), "utf8");
  /** Square tables of dtypes, in their order, as "a b" → result. */
  const tables = text
    .split("\n\n")
    .filter((block) => /^\|\s*\| f32/.test(block))
    .map((block) => {
      const [head, , ...rows] = block
        .trim()
        .split("\n")
        .map((line) =>
          line
            .replaceAll("`", "")
            .split("|")
            .slice(1, -1)
            .map((cell) => cell.trim()),
        );
      return new Map(
        rows.flatMap(([a, ...cells]) => cells.map((cell, i) => [`${a} ${head?.[i + 1]}`, cell] as const)),
      );
    });
  const pairs = DTYPES.flatMap((a) => DTYPES.map((b) => [a, b] as const));

  it("lists every pair in both tables", () => {
    expect(tables.map((table) => [...table.keys()].sort())).toEqual(
      [0, 1].map(() => pairs.map(([a, b]) => `${a} ${b}`).sort()),
    );
  });

  it.each(pairs)("says what %s and %s give", (a, b) => {
    scope(() => {
      const [x, y] = [ones([2], { dtype: a }), ones([2], { dtype: b })];
      for (const op of [ops.add, ops.sub, ops.mul, ops.maximum, ops.minimum]) {
        expect(op(x, y).dtype).toBe(tables[0]?.get(`${a} ${b}`));
      }
      expect(ops.div(x, y).dtype).toBe("f32");
      expect(ops.pow(x, y).dtype).toBe("f32");
      for (const op of [ops.eq, ops.lt, ops.logicalAnd]) expect(op(x, y).dtype).toBe("bool");
      expect(cat([x, y]).dtype).toBe(tables[1]?.get(`${a} ${b}`));
      expect(Array.from(cat([x, y]).data)).toEqual([1, 1, 1, 1]);
      expect(add(x, y).toArray()).toEqual([2, 2]);
    });
  });

  it.each(pairs)("converts %s to %s", (a, b) => {
    scope(() => {
      const x = tensor([0, 1, 0, 1, 1], { dtype: a });
      expect(to(x, b).dtype).toBe(b);
      expect(Array.from(to(x, b).data)).toEqual([0, 1, 0, 1, 1]);
    });
  });
});

describe("every op", () => {
  /** What a call gives: dtype, shape and values, or the class of a typed error. */
  const outcome = (spec: OpSpec, inputs: Tensor[], attrs: unknown): unknown[] => {
    try {
      const out = spec.call(inputs, attrs);
      return [out.dtype, out.shape, Array.from(out.data)];
    } catch (error) {
      if (!(error instanceof SimdgradError)) throw error;
      return [error.name];
    }
  };

  describe.each(Object.entries<OpSpec>(specs))("%s", (_name, spec) => {
    it("takes every dtype or gives a typed error", () => {
      const before = memory().live;
      for (const { inputs, attrs } of spec.samples) {
        for (const dtype of DTYPES) {
          scope(() =>
            outcome(
              spec,
              inputs.map((input) => toTensor(input).to(dtype)),
              attrs,
            ),
          );
          for (let i = 0; i < inputs.length; i++) {
            scope(() =>
              outcome(
                spec,
                inputs.map((input, j) => (i === j ? toTensor(input).to(dtype) : toTensor(input))),
                attrs,
              ),
            );
          }
        }
      }
      expect(memory().live).toBe(before);
    });

    it("gives for f16 and bf16 what it gives for the same values in f32", () => {
      for (const { inputs, attrs } of spec.samples) {
        for (const dtype of HALVES) {
          scope(() => {
            const narrow = inputs.map((input) =>
              input.dtype === "f32" ? toTensor(input).to(dtype) : toTensor(input),
            );
            const wide = narrow.map((t) => (t.dtype === dtype ? t.to("f32") : t));
            const [, ...rest] = outcome(spec, narrow, attrs);
            const [, ...expected] = outcome(spec, wide, attrs);
            expect(rest).toEqual(expected);
          });
        }
      }
    });
  });
});

describe.each(HALVES)("%s", (dtype) => {
  it("is made of numbers, printed, read and converted", () => {
    scope(() => {
      const x = tensor(
        [
          [1.5, -0.25],
          [65504, 0],
        ],
        { dtype },
      );
      expect(x.dtype).toBe(dtype);
      expect(x.data).toBeInstanceOf(Float32Array);
      expect(x.toArray()).toEqual([
        [1.5, -0.25],
        [dtype === "f16" ? 65504 : 65536, 0],
      ]);
      expect(tensor(0.1, { dtype }).item()).toBe(dtype === "f16" ? 0.0999755859375 : 0.10009765625);
      expect(String(tensor([1.5, 2], { dtype }))).toBe(`tensor([1.5000, 2.0000], ${dtype})`);
      expect(x.transpose(0, 1).toArray()).toEqual([
        [1.5, dtype === "f16" ? 65504 : 65536],
        [-0.25, 0],
      ]);
      expect(x.read((view) => view[1])).toBe(-0.25);
      expect(tensor(Float64Array.of(1, 2), { dtype, shape: [2, 1] }).toArray()).toEqual([[1], [2]]);
      expect(tensor([], { dtype }).toArray()).toEqual([]);
    });
  });

  it("takes half the bytes", () => {
    scope(() => {
      const before = memory().byDtype[dtype];
      const x = zeros([1000, 32], { dtype });
      expect(memory().byDtype[dtype]).toEqual({
        bytes: before.bytes + 64_000,
        storages: before.storages + 1,
      });
      expect(x.data.every((v) => v === 0)).toBe(true);
    });
  });

  it.each([0, 1, 2, 3, 7, 16, 100])("fills, moves and joins %i elements", (n) => {
    scope(() => {
      const x = full([n], 1.5, { dtype });
      expect(Array.from(x.data)).toEqual(Array(n).fill(1.5));
      const ramp = ops.reshape(
        tensor(
          Float32Array.from({ length: n }, (_, i) => i),
          { dtype },
        ),
        [n, 1],
      );
      const both = cat([ramp, ops.unsqueeze(x, 1)], { dim: 1 });
      expect(both.dtype).toBe(dtype);
      expect(Array.from(both.transpose(0, 1).clone().data)).toEqual([
        ...Array.from({ length: n }, (_, i) => i),
        ...Array<number>(n).fill(1.5),
      ]);
      expect(Array.from(ramp.flip({ dims: 0 }).data)).toEqual(Array.from({ length: n }, (_, i) => n - 1 - i));
      expect(Array.from(x.fill_(3).data)).toEqual(Array(n).fill(3));
      expect(Array.from(x.copy_(ramp.reshape([n])).data)).toEqual(Array.from({ length: n }, (_, i) => i));
    });
  });

  it("is for storage: weights compute in f32, without gradients of their own", () => {
    scope(() => {
      const x = tensor([[1, 2, 3]], { requiresGrad: true });
      const weight = tensor(
        [
          [1, 0.5, 0.25],
          [2, 1, 0],
        ],
        { dtype },
      );
      const y = linear(x, weight);
      expect([y.dtype, y.toArray()]).toEqual(["f32", [[2.75, 4]]]);
      y.sum().backward();
      expect(x.grad?.toArray()).toEqual([[3, 1.5, 0.25]]);
      expect(matmul(x, weight.transpose(0, 1)).toArray()).toEqual([[2.75, 4]]);
      expect(() => tensor([1], { dtype, requiresGrad: true })).toThrow(/only f32 tensors have gradients/);
      expect(() => new nn.Parameter(tensor([1], { dtype }))).toThrow(DTypeError);
      expect(() => weight.add_(1)).toThrow(DTypeError);
      x.grad?.dispose();
    });
  });
});

describe("what tensor() takes", () => {
  it("names the dtypes there are", () => {
    expect(() => zeros([1], { dtype: "f64" as DType })).toThrow(
      'zeros: unknown dtype "f64"; there are f32, f16, bf16, i32, u8, bool',
    );
  });

  it("refuses 64-bit integers with the way out", () => {
    expect(() => tensor(BigInt64Array.of(1n) as never)).toThrow(/Int32Array\.from\(data, Number\)/);
  });
});
