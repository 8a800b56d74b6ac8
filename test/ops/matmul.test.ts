import { describe, expect, it } from "vitest";
import { matmul, tensor, type Tensor } from "../../src/index.ts";
import { checkSample } from "./check.ts";
import type { Nd } from "./nd.ts";
import { i32, type OpSpec } from "./spec.ts";
import { product, two } from "./specs/products.ts";

/** PyTorch's rules beyond pairs of matrices: vectors, batches that broadcast, nothing to add up, whole numbers. */
const spec: OpSpec = {
  samples: two(
    [[5], [5]],
    [[0], [0]],
    [[3], [2, 3, 2]],
    [[2, 2, 3], [3]],
    [[3, 4], [4]],
    [[4], [4, 3]],
    [
      [2, 3],
      [2, 1, 3, 2],
    ],
    [
      [2, 0, 3],
      [3, 2],
    ],
    [
      [0, 2, 3],
      [3, 4],
    ],
    [
      [2, 2, 0],
      [0, 3],
    ],
    [
      [2, 0],
      [2, 0, 3],
    ],
    [
      [1, 0, 2, 3],
      [2, 1, 3, 2],
    ],
  ),
  call: ([x, y]) => matmul(x as Tensor, y as Tensor),
  reference: ([x, y]) => product(x as Nd, y as Nd),
};

describe("matmul of vectors and batches", () => {
  for (const sample of spec.samples) {
    it(sample.inputs.map((t) => `[${t.shape.join(", ")}]`).join(" · "), () => {
      checkSample(spec, sample);
    });
  }

  it("computes whole numbers in f32", () => {
    checkSample({ ...spec, gradients: [] }, { inputs: [i32([3, 4], -5, 5), i32([4, 2], -5, 5)] });
  });

  it("refuses batches that do not broadcast", () => {
    const [x, y] = [
      tensor(new Float32Array(12), { shape: [2, 2, 3] }),
      tensor(new Float32Array(9), { shape: [3, 3, 1] }),
    ];
    expect(() => matmul(x, y)).toThrow(/matmul: shapes \[2\] and \[3\] do not broadcast/);
    x.dispose();
    y.dispose();
  });
});
