import { describe, expect, it } from "vitest";
import {
  argsort,
  bincount,
  embedding,
  gather,
  grad,
  indexSelect,
  kthvalue,
  maskedFill,
  maskedSelect,
  median,
  memory,
  mul,
  nanmedian,
  nonzero,
  oneHot,
  rand,
  randint,
  scatter,
  scatterAdd,
  scatterReduce,
  scope,
  searchsorted,
  sort,
  sum,
  tensor,
  topk,
  unique,
  zeros,
  type DType,
  type NestedArray,
  type Tensor,
} from "../../src/index.ts";

const ints = (data: NestedArray[]): Tensor => tensor(data, { dtype: "i32" });
const bytes = (data: NestedArray[], dtype: DType): Tensor => tensor(data, { dtype });

/** A test in a scope, after which nothing stays. */
function tidy(name: string, run: () => void): void {
  it(name, () => {
    const before = memory().live;
    scope(run);
    expect(memory().live).toBe(before);
  });
}

describe("bytes", () => {
  const x = (): Tensor =>
    bytes(
      [
        [1, 0, 1],
        [0, 1, 1],
      ],
      "bool",
    );

  tidy("are picked and placed like words", () => {
    expect(indexSelect(x(), ints([-1, 0]), { dim: 1 }).toArray()).toEqual([
      [true, true],
      [true, false],
    ]);
    expect(gather(x(), ints([[1], [0]]), { dim: 1 }).toArray()).toEqual([[false], [false]]);
    const u = bytes([200, 7, 9], "u8");
    expect(u.take(ints([2, 0])).toArray()).toEqual([9, 200]);
    expect(scatter(u, ints([1]), bytes([255], "u8"), { dim: 0 }).toArray()).toEqual([200, 255, 9]);
    expect(scatter(x(), ints([[0], [1]]), 0, { dim: 1 }).toArray()).toEqual([
      [false, false, true],
      [false, false, true],
    ]);
    expect(maskedSelect(u, u.gt(8)).toArray()).toEqual([200, 9]);
    expect(maskedFill(u, u.gt(8), 3).toArray()).toEqual([3, 7, 3]);
    expect(maskedFill(u, u.gt(8), 3).dtype).toBe("u8");
    expect(maskedFill(x(), x(), 0).dtype).toBe("bool");
    expect(maskedFill(tensor([1, NaN]), bytes([1, 0], "bool"), -Infinity).toArray()).toEqual([
      -Infinity,
      NaN,
    ]);
    const [values, places] = sort(u, { descending: true });
    expect([values.dtype, values.toArray(), places.toArray()]).toEqual(["u8", [200, 9, 7], [0, 2, 1]]);
    expect(unique(x()).toArray()).toEqual([false, true]);
  });

  tidy("are indices where they are u8", () => {
    expect(indexSelect(tensor([5, 6, 7]), bytes([2, 0], "u8"), { dim: 0 }).toArray()).toEqual([7, 5]);
  });
});

describe("gather and scatter", () => {
  tidy("take an index smaller than the tensor, and give the rest no gradient", () => {
    const x = tensor(
      Float32Array.from({ length: 24 }, (_, i) => i),
      { shape: [2, 3, 4] },
    );
    x.requiresGrad = true;
    const out = gather(x, ints([[[3, 0]], [[1, -1]]]), { dim: 2 });
    expect(out.toArray()).toEqual([[[3, 0]], [[13, 15]]]);
    const [g] = grad(sum(mul(out, out)), [x], { createGraph: true });
    const want = new Array<number>(24).fill(0);
    for (const i of [3, 0, 13, 15]) want[i] = 2 * i;
    expect(Array.from(g?.data ?? [])).toEqual(want);
    const [h] = grad(sum(g as Tensor), [x]);
    expect(Array.from(h?.data ?? [])).toEqual(want.map((v, i) => (v !== 0 || i === 0 ? 2 : 0)));
  });

  tidy("see a scalar as one element", () => {
    expect(gather(tensor(5), ints([0, -1, 0]), { dim: 0 }).toArray()).toEqual([5, 5, 5]);
    expect(gather(tensor([4, 5]), tensor(1, { dtype: "i32" }), { dim: 0 }).item()).toBe(5);
    expect(gather(tensor([4, 5]), zeros([0, 3], { dtype: "i32" }), { dim: 0 }).shape).toEqual([0, 3]);
  });

  tidy("of i32 keep i32, and add exactly", () => {
    const big = ints([2 ** 30, 5]);
    expect(scatterAdd(big, ints([0, 1]), ints([7, 1]), { dim: 0 }).toArray()).toEqual([2 ** 30 + 7, 6]);
    const how = { dim: 0, reduce: "mean" } as const;
    expect(scatterReduce(ints([1, 2]), ints([0, 0]), ints([4, 6]), how).toArray()).toEqual([3, 2]);
    const least = { dim: 0, reduce: "amin", includeSelf: false } as const;
    expect(scatterReduce(ints([1, 2]), ints([0, 0]), ints([4, 6]), least).toArray()).toEqual([4, 2]);
  });

  tidy("carry NaN through extrema, and the gradient of a product around zeros", () => {
    const most = { dim: 0, reduce: "amax" } as const;
    expect(scatterReduce(tensor([1, 2]), ints([0]), tensor([NaN]), most).toArray()).toEqual([NaN, 2]);
    const src = tensor([0, 3, 0, 0, 5]);
    const x = tensor([2, 0, 4]);
    src.requiresGrad = x.requiresGrad = true;
    const out = scatterReduce(x, ints([0, 0, 1, 2, 2]), src, { dim: 0, reduce: "prod" });
    expect(out.toArray()).toEqual([0, 0, 0]);
    const [gx, gs] = grad(sum(out), [x, src]);
    expect(gx?.toArray()).toEqual([0, 0, 0]);
    expect(gs?.toArray()).toEqual([6, 0, 0, 20, 0]);
  });

  tidy("write in place what they write to copies", () => {
    const t = zeros([2, 3]);
    t.scatter_(ints([[0], [2]]), tensor([[5], [6]]), { dim: 1 });
    t.scatterAdd_(ints([[0, 0, 0]]), tensor([[1, 1, 1]]), { dim: 0 });
    t.transpose(0, 1).indexFill_(ints([1]), 9, { dim: 0 });
    t.select(0, 1).indexAdd_(ints([0, 0]), tensor([1, 2]), { dim: 0, alpha: 10 });
    t.indexCopy_(ints([0]), tensor([[7, 8, 9]]), { dim: 0 });
    t.maskedFill_(t.gt(29), -1);
    expect(t.toArray()).toEqual([
      [7, 8, 9],
      [-1, 9, 6],
    ]);
    expect(t.storage.version).toBe(6);
    expect(() => t.maskedFill_(zeros([3, 2, 3], { dtype: "bool" }), 0)).toThrow(/does not broadcast/);
    t.copy_(t.clone());
    t.scatter_(ints([[2, 1, 0]]), t.index({ start: 0, end: 1 }), { dim: 1 });
    expect(t.index(0).toArray()).toEqual([9, 8, 7]);
  });
});

describe("embedding", () => {
  const table = (): Tensor => {
    const t = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    t.requiresGrad = true;
    return t;
  };

  tidy("reads the padding row and gives it no gradient, also of second order", () => {
    for (const paddingIdx of [2, -1]) {
      const weight = table();
      const out = embedding(
        ints([
          [2, 0],
          [-1, 0],
        ]),
        weight,
        { paddingIdx },
      );
      expect(out.toArray()).toEqual([
        [
          [5, 6],
          [1, 2],
        ],
        [
          [5, 6],
          [1, 2],
        ],
      ]);
      const [g] = grad(sum(mul(out, mul(out, out))), [weight], { createGraph: true });
      expect(g?.toArray()).toEqual([
        [6, 24],
        [0, 0],
        [0, 0],
      ]);
      const [h] = grad(sum(g as Tensor), [weight]);
      expect(h?.toArray()).toEqual([
        [12, 24],
        [0, 0],
        [0, 0],
      ]);
    }
  });

  tidy("takes an index of any shape, and refuses what is outside of the table", () => {
    expect(embedding(tensor(1, { dtype: "i32" }), table()).toArray()).toEqual([3, 4]);
    expect(embedding(zeros([2, 0, 3], { dtype: "i32" }), table()).shape).toEqual([2, 0, 3, 2]);
    expect(() => embedding(ints([3]), table())).toThrow(/index 3 at position 0 is outside \[-3, 2\]/);
    expect(() => embedding(ints([0]), table(), { paddingIdx: 3 })).toThrow(/paddingIdx 3 is outside/);
    expect(() => embedding(ints([0]), table(), { paddingIdx: -4 })).toThrow(/paddingIdx -4 is outside/);
  });
});

describe("counting", () => {
  tidy("weights and their gradients", () => {
    const weights = tensor([0.5, 2, 3]);
    weights.requiresGrad = true;
    const out = bincount(ints([2, 0, 2]), { weights, minlength: 4 });
    expect(out.toArray()).toEqual([2, 0, 3.5, 0]);
    expect(grad(sum(mul(out, out)), [weights])[0]?.toArray()).toEqual([7, 4, 7]);
    expect(bincount(ints([1]), { weights: ints([9]) }).toArray()).toEqual([0, 9]);
  });

  tidy("oneHot reads how many classes there are, unless told", () => {
    expect(oneHot(ints([0, 2])).toArray()).toEqual([
      [1, 0, 0],
      [0, 0, 1],
    ]);
    expect(oneHot(zeros([0], { dtype: "i32" }), { numClasses: 3 }).shape).toEqual([0, 3]);
    expect(() => oneHot(zeros([0], { dtype: "i32" }))).toThrow(/pass numClasses/);
    expect(() => oneHot(ints([-1]), { numClasses: 2 })).toThrow(/class -1 at position 0 is outside \[0, 1\]/);
  });

  tidy("nonzero as a tuple", () => {
    const x = tensor([
      [0, 2],
      [3, 0],
    ]);
    expect(nonzero(x, { asTuple: true }).map((t) => t.toArray())).toEqual([
      [0, 1],
      [1, 0],
    ]);
    expect(x.index(...nonzero(x, { asTuple: true })).toArray()).toEqual([2, 3]);
    expect(nonzero(tensor(0), { asTuple: true }).map((t) => t.shape)).toEqual([[0]]);
  });
});

describe("sorting", () => {
  const odd = (): Tensor => tensor([2, NaN, -0, 2, 0, -1, NaN, Infinity, -Infinity]);

  tidy("is stable, puts NaN last, and counts both zeros as equal", () => {
    const [up, from] = sort(odd());
    expect(from.toArray()).toEqual([8, 5, 2, 4, 0, 3, 7, 1, 6]);
    expect(Array.from(up.data)).toEqual([-Infinity, -1, -0, 0, 2, 2, Infinity, NaN, NaN]);
    expect(argsort(odd(), { descending: true }).toArray()).toEqual([1, 6, 7, 0, 3, 2, 4, 5, 8]);
    expect(topk(odd(), 1)[1].toArray()).toEqual([1]);
    expect(topk(odd(), 1, { largest: false })[0].toArray()).toEqual([-Infinity]);
    expect(from.dtype).toBe("i32");
  });

  tidy("selects the same with a heap as by sorting, in every dtype", () => {
    for (const x of [rand([3, 500]), randint(-20, 20, [3, 500])]) {
      for (const largest of [true, false]) {
        const [values, places] = topk(x, 30, { largest });
        const [all, order] = sort(x, { descending: largest });
        expect(values.dtype).toBe(x.dtype);
        expect(Array.from(values.data)).toEqual(
          Array.from(all.narrow({ dim: 1, start: 0, length: 30 }).data),
        );
        expect(Array.from(places.data)).toEqual(
          Array.from(order.narrow({ dim: 1, start: 0, length: 30 }).data),
        );
      }
    }
  });

  tidy("gives medians and where they stand", () => {
    const x = tensor([
      [3, NaN, 1, 2],
      [4, 1, 3, 2],
    ]);
    expect(median(x, { dim: 1 }).map((t) => t.toArray())).toEqual([
      [NaN, 2],
      [1, 3],
    ]);
    expect(nanmedian(x, { dim: -1, keepdim: true }).map((t) => t.toArray())).toEqual([
      [[2], [2]],
      [[3], [3]],
    ]);
    expect([median(x).item(), nanmedian(x).item()]).toEqual([NaN, 2]);
    expect(nanmedian(tensor([NaN, NaN])).item()).toBeNaN();
    expect(kthvalue(x, 4, { dim: 1 }).map((t) => t.toArray())).toEqual([
      [NaN, 4],
      [1, 0],
    ]);
    expect(median(ints([5, 1, 4, 2])).toArray()).toBe(2);
    expect(median(tensor(7)).item()).toBe(7);
  });

  tidy("finds what is unique, where, and how often", () => {
    const x = tensor([
      [3, NaN, -1],
      [NaN, 3, 3],
    ]);
    const [values, inverse, counts] = unique(x, { returnInverse: true, returnCounts: true }) as Tensor[];
    expect(values?.toArray()).toEqual([-1, 3, NaN]);
    expect(inverse?.toArray()).toEqual([
      [1, 2, 0],
      [2, 1, 1],
    ]);
    expect(counts?.toArray()).toEqual([1, 3, 2]);
    const empty = unique(zeros([0]), { returnInverse: true, returnCounts: true }) as Tensor[];
    expect(empty.map((t) => t.shape)).toEqual([[0], [0], [0]]);
    expect(unique(ints([5, 5])).toArray()).toEqual([5]);
  });

  tidy("searches each row of its own", () => {
    const rows = tensor([
      [1, 3, 5],
      [2, 4, 6],
    ]);
    expect(searchsorted(rows, tensor([[3], [3]]), { right: true }).toArray()).toEqual([[2], [1]]);
  });
});
