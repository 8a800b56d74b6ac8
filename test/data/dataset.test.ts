import { afterEach, describe, expect, it } from "vitest";
import { DisposedError, IndexOutOfRangeError, ShapeError, ValueError } from "../../src/errors.ts";
import { TensorDataset } from "../../src/data/index.ts";
import { permute } from "../../src/ops/movement.ts";
import { tensor } from "../../src/tensor/create.ts";
import { runScope } from "../../src/tensor/lifetime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { heap } from "../../src/wasm/engine.ts";

afterEach(() => expect(heap().stats.live).toBe(0));

function show(sample: readonly Tensor[]): unknown[] {
  const values = sample.map((t) => t.toArray());
  for (const t of sample) t.dispose();
  return values;
}

describe("TensorDataset", () => {
  it("gives rows, of any dtype", () => {
    const x = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const y = tensor(Int32Array.of(7, 8, 9), { dtype: "i32" });
    const z = tensor([[[true]], [[false]], [[true]]]);
    const dataset = new TensorDataset(x, y, z);
    expect(dataset.length).toBe(3);
    expect(show(dataset.get(1))).toEqual([[3, 4], 8, [[false]]]);
    expect(show(dataset.batch(Int32Array.of(2, 0, 2)))).toEqual([
      [
        [5, 6],
        [1, 2],
        [5, 6],
      ],
      [9, 7, 9],
      [[[true]], [[true]], [[true]]],
    ]);
    expect(show(dataset.batch(new Int32Array(0))).length).toBe(3);
    for (const t of [x, y, z]) t.dispose();
    dataset.dispose();
  });

  it("outlives the tensors that it was made of", () => {
    const x = tensor([1, 2]);
    const dataset = new TensorDataset(x);
    x.dispose();
    expect(show(dataset.batch(Int32Array.of(1)))).toEqual([[2]]);
    dataset.dispose();
    expect(() => dataset.get(0)).toThrow(DisposedError);
    const scoped = runScope("scope", () => new TensorDataset(tensor([3])));
    expect(show(scoped.get(0))).toEqual([3]);
    scoped.dispose();
  });

  it("shares memory with its tensors, but for views with gaps", () => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const turned = permute(x, [1, 0]);
    const dataset = new TensorDataset(turned);
    expect(show(dataset.get(2))).toEqual([[3, 6]]);
    expect(show(dataset.batch(Int32Array.of(2, 1)))).toEqual([
      [
        [3, 6],
        [2, 5],
      ],
    ]);
    dataset.dispose();
    const before = heap().stats.live;
    const shared = new TensorDataset(x);
    expect(heap().stats.live).toBe(before);
    shared.dispose();
    x.dispose();
    turned.dispose();
  });

  it("refuses bad tensors and indices, and allocates nothing then", () => {
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const y = tensor([1, 2, 3]);
    const scalar = tensor(1);
    const dataset = new TensorDataset(x);
    const before = heap().stats;
    expect(() => new TensorDataset()).toThrow(ValueError);
    expect(() => new TensorDataset(x, y)).toThrow(
      "TensorDataset: first dimensions differ, [2, 2] and [3] at 1 (2 ≠ 3)",
    );
    expect(() => new TensorDataset(scalar)).toThrow(ShapeError);
    expect(() => new TensorDataset([1] as unknown as Tensor)).toThrow(ValueError);
    for (const index of [-1, 2, 0.5, NaN]) expect(() => dataset.get(index)).toThrow(IndexOutOfRangeError);
    expect(() => dataset.batch(Int32Array.of(0, 2))).toThrow(
      "TensorDataset.batch: index 2 is outside [0, 1]",
    );
    expect(heap().stats).toEqual(before);
    dataset.dispose();
    for (const t of [x, y, scalar]) t.dispose();
  });
});
