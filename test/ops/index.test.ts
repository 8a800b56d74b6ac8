import { describe, expect, it } from "vitest";
import {
  grad,
  index,
  indexPut,
  memory,
  mul,
  noGrad,
  scope,
  sum,
  tensor,
  zeros,
  type DType,
  type Tensor,
} from "../../src/index.ts";
import { sizeOf } from "./nd.ts";
import { mask, numbered, pick, subscript, toItem, type Item } from "./subscript.ts";

type Case = readonly [shape: readonly number[], items: readonly Item[]];

const TABLE: readonly Case[] = [
  [[4], []],
  [[4], [2]],
  [[4], [-1]],
  [[], ["..."]],
  [[], [null, "...", null]],
  [[], [true]],
  [[], [false]],
  [[5], [{ start: 1, end: 4 }]],
  [[5], [{ start: -3 }]],
  [[5], [{ end: -1, step: 2 }]],
  [[5], [{ start: 4, end: 1 }]],
  [[5], [{ start: -100, end: 100 }]],
  [[5], [{ step: -1 }]],
  [[5], [{ start: 3, end: 0, step: -2 }]],
  [[5], [{ start: -1, end: -4, step: -1 }]],
  [[5], [{ start: 100, end: -100, step: -3 }]],
  [[5], [{ start: 1, end: 3, step: -1 }]],
  [[3, 4], [1]],
  [
    [3, 4],
    [":", 2],
  ],
  [
    [3, 4],
    ["...", 2],
  ],
  [
    [3, 4],
    [1, 2],
  ],
  [
    [3, 4],
    [null, ":", null, { start: 1 }, null],
  ],
  [
    [3, 4],
    [{ step: -1 }, { step: -2 }],
  ],
  [
    [2, 3, 4],
    [-1, "...", { step: 3 }],
  ],
  [
    [2, 3, 4],
    ["...", null, 0],
  ],
  [[2, 3, 4], [pick([2], [1, 0])]],
  [[2, 3, 4], [pick([3], [1, -1, 1])]],
  [
    [2, 3, 4],
    [":", pick([2, 2], [0, 2, 2, 1])],
  ],
  [
    [2, 3, 4],
    ["...", pick([5], [0, 3, -4, 3, 3])],
  ],
  [
    [2, 3, 4],
    [pick([2, 1], [0, 1]), pick([3], [0, 2, 1])],
  ],
  [
    [2, 3, 4],
    [":", pick([3], [0, 1, 2]), pick([3], [3, 3, 0])],
  ],
  [
    [2, 3, 4],
    [pick([2], [0, 1]), ":", pick([2], [3, 1])],
  ],
  [
    [2, 3, 4],
    [pick([2], [0, 1]), null, pick([2], [2, 1])],
  ],
  [
    [2, 3, 4],
    [pick([], [1]), ":", pick([2], [3, 1])],
  ],
  [
    [2, 3, 4],
    [0, ":", pick([2], [3, 1])],
  ],
  [
    [2, 3, 4],
    [pick([2], [0, 1]), 1, pick([2], [3, 1])],
  ],
  [
    [2, 3, 4],
    [pick([2], [0, 1]), { start: 1 }, { step: 2 }],
  ],
  [
    [2, 3, 4],
    [{ step: -1 }, pick([2], [2, 0]), { start: -2, step: -1 }],
  ],
  [
    [2, 3, 4],
    [null, pick([2], [0, 1]), "...", null],
  ],
  [[2, 3, 4], [pick([0], [])]],
  [
    [2, 3, 4],
    [pick([1, 0], []), pick([2, 1], [0, 1])],
  ],
  [
    [0, 3],
    [":", pick([2], [0, 1])],
  ],
  [[3, 4], [mask([3], [1, 0, 1])]],
  [
    [3, 4],
    [":", mask([4], [1, 0, 1, 1])],
  ],
  [[3, 4], [mask([3, 4], [1, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0])]],
  [[3, 4], [mask([3, 4], Array<number>(12).fill(0))]],
  [
    [3, 2, 4],
    [mask([3, 2], [0, 1, 1, 0, 1, 1]), { start: 1, step: 2 }],
  ],
  [
    [3, 2, 4],
    [mask([3], [1, 0, 1]), ":", pick([2], [3, 0])],
  ],
  [
    [3, 4],
    [mask([3], [0, 1, 0]), pick([3], [0, 2, 2])],
  ],
  [
    [3, 4],
    [mask([], [1]), 0],
  ],
  [
    [3, 4],
    [1, false],
  ],
  [
    [3, 4],
    [true, pick([2], [0, 2])],
  ],
  [
    [3, 4],
    [":", true, pick([2], [0, 2])],
  ],
];

let state = 7;
function dice(n: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * n);
}

/** A random index of a random shape; index tensors share one broadcast shape. */
function random(): Case {
  const shape = Array.from({ length: 1 + dice(4) }, () => 1 + dice(4));
  const common = Array.from({ length: dice(3) }, () => 1 + dice(3));
  const items: Item[] = [];
  let skipped = false;
  for (let d = 0; d < shape.length; d++) {
    const n = shape[d] as number;
    const kind = dice(10);
    if (dice(6) === 0) items.push(null);
    if (kind === 0 && !skipped) {
      skipped = true;
      items.push("...");
      d += dice(shape.length - d);
    } else if (kind <= 2) items.push(dice(2 * n) - n);
    else if (kind <= 5) {
      const bound = (): object => (dice(2) ? { start: dice(2 * n + 2) - n - 1 } : {});
      const end = dice(2) ? { end: dice(2 * n + 2) - n - 1 } : {};
      items.push({ ...bound(), ...end, ...(dice(2) ? { step: [1, 2, 3, -1, -2][dice(5)] as number } : {}) });
    } else if (kind <= 8) {
      const own = common.slice(dice(common.length + 1)).map((m) => (dice(3) ? m : 1));
      items.push(
        pick(
          own,
          Array.from({ length: sizeOf(own) }, () => dice(2 * n) - n),
        ),
      );
    } else items.push(":");
  }
  return [shape, items];
}

function make(shape: readonly number[], dtype: DType): Tensor {
  const data = numbered(shape).map((v) =>
    dtype === "bool" ? ((v * 7) % 3) & 1 : dtype === "u8" ? v % 256 : v,
  );
  return tensor(dtype === "f32" ? Float32Array.from(data) : Int32Array.from(data), { shape, dtype });
}

const text = ([shape, items]: Case): string =>
  `[${shape.join()}] at ${JSON.stringify(items.map((item) => (typeof item === "object" && item !== null && "pick" in item ? `t[${item.pick.shape.join()}]` : item)))}`;

/** Runs a case in a scope and checks that nothing stays behind. */
function clean(run: () => void): void {
  const before = memory().live;
  scope(run);
  expect(memory().live).toBe(before);
}

const RANDOM = Array.from({ length: 300 }, random);

/** Reads the case in every dtype and layout. */
function reads([shape, items]: Case): void {
  const want = subscript(shape, items);
  clean(() => {
    for (const dtype of ["f32", "i32", "u8", "bool"] as const) {
      const x = make(shape, dtype);
      const flat = x.data;
      const out = index(x, ...items.map(toItem));
      expect(out.shape).toEqual(want.shape);
      expect(out.dtype).toBe(dtype);
      expect(Array.from(out.data)).toEqual(want.positions.map((p) => flat[p]));
      // The same through another layout.
      const order = shape.map((_, d) => shape.length - 1 - d);
      const strided = x.permute(order).clone().permute(order);
      expect(Array.from(strided.index(...items.map(toItem)).data)).toEqual(Array.from(out.data));
    }
  });
}

/** First and second order through reading. */
function goesBack([shape, items]: Case): void {
  const want = subscript(shape, items);
  clean(() => {
    const x = make(shape, "f32");
    x.requiresGrad = true;
    const out = mul(x, x).index(...items.map(toItem));
    const weights = tensor(
      Float32Array.from(out.data, (_, i) => 1 + (i % 5)),
      { shape: out.shape },
    );
    const [g] = grad(sum(mul(out, weights)), [x], { createGraph: true });
    const counts = numbered(shape).map(() => 0);
    want.positions.forEach((p, i) => (counts[p] = (counts[p] as number) + 1 + (i % 5)));
    expect(Array.from(g?.data ?? [])).toEqual(counts.map((w, i) => w * 2 * (i + 1)));
    if (!g?.requiresGrad) return;
    const [h] = grad(sum(g), [x], { allowUnused: true });
    expect(Array.from(h?.data ?? [])).toEqual(counts.map((w) => w * 2));
  });
}

/** Placing in copies and in place, through a view of something larger. */
function writes([shape, items]: Case): void {
  const want = subscript(shape, items);
  clean(() => {
    const values = want.positions.map((_, i) => 1000 + i);
    const source = tensor(Float32Array.from(values), { shape: want.shape });
    for (const accumulate of [false, true]) {
      const expected = numbered(shape);
      want.positions.forEach((p, i) => {
        expected[p] = (accumulate ? (expected[p] as number) : 0) + (values[i] as number);
      });
      const x = make(shape, "f32");
      const out = indexPut(x, items.map(toItem), source, { accumulate });
      expect(Array.from(out.data)).toEqual(expected);
      expect(Array.from(x.data)).toEqual(numbered(shape));
      // In place through a strided view of something larger.
      const room = zeros([...shape, 3]);
      const inside = room.select(shape.length, 1);
      inside.copy_(x);
      const { version } = inside.storage;
      expect(inside.indexPut_(items.map(toItem), source, { accumulate })).toBe(inside);
      expect(inside.storage.version).toBe(version + 1);
      expect(Array.from(inside.data)).toEqual(expected);
      expect(room.select(shape.length, 0).data.every((v) => v === 0)).toBe(true);
      expect(room.select(shape.length, 2).data.every((v) => v === 0)).toBe(true);
    }
    const filled = make(shape, "i32").indexPut_(items.map(toItem), -1);
    const expected = numbered(shape);
    for (const p of want.positions) expected[p] = -1;
    expect(Array.from(filled.data)).toEqual(expected);
  });
}

/** Gradients of what is written to, and of what is written. */
function givesGradients([shape, items]: Case): void {
  const want = subscript(shape, items);
  clean(() => {
    for (const accumulate of [false, true]) {
      const x = make(shape, "f32");
      const values = zeros(want.shape);
      x.requiresGrad = values.requiresGrad = true;
      const out = indexPut(x, items.map(toItem), values, { accumulate });
      const [gx, gv] = grad(sum(mul(out, make(shape, "f32"))), [x, values]);
      const hit = new Set(accumulate ? [] : want.positions);
      expect(Array.from(gx?.data ?? [])).toEqual(numbered(shape).map((v, i) => (hit.has(i) ? 0 : v)));
      expect(Array.from(gv?.data ?? [])).toEqual(want.positions.map((p) => p + 1));
    }
  });
}

describe("index", () => {
  const checks = { reads, "goes back through": goesBack, writes, "gives gradients around": givesGradients };
  for (const [what, check] of Object.entries(checks)) {
    it.each(TABLE.map((c) => [text(c), c] as const))(`${what} %s`, (_, c) => {
      check(c);
    });
    it(`${what} 300 random indices`, () => {
      for (const c of RANDOM) check(c);
    });
  }

  it("gives views where it can, through which can be written", () => {
    clean(() => {
      const x = make([3, 4], "f32");
      for (const items of [[1], [{ start: 1 }, 2], [null, "...", { step: 2 }]] as const) {
        expect(x.index(...items).storage).toBe(x.storage);
      }
      x.index(1, { start: 1, end: 3 }).fill_(0);
      x.index(":", 3).copy_(tensor([7, 8, 9]));
      x.slice({ dim: 0, start: 2 }).copy_(zeros([4]));
      expect(x.toArray()).toEqual([
        [1, 2, 3, 7],
        [5, 0, 0, 8],
        [0, 0, 0, 0],
      ]);
    });
  });

  it("broadcasts and converts what is written, and takes a source from the tensor itself", () => {
    clean(() => {
      const x = zeros([2, 3]);
      x.indexPut_([[1, 0]], tensor([1, 2, 3], { dtype: "i32" }));
      expect(x.toArray()).toEqual([
        [1, 2, 3],
        [1, 2, 3],
      ]);
      x.indexPut_([":", [0, 1, 2]], x.index(":", [2, 0, 1]));
      x.indexPut_([":", { step: -1 }], x);
      expect(x.toArray()).toEqual([
        [2, 1, 3],
        [2, 1, 3],
      ]);
      const bools = zeros([3], { dtype: "bool" });
      bools.indexPut_([[1]], 1);
      expect(bools.toArray()).toEqual([false, true, false]);
    });
  });

  const x = (): Tensor => zeros([2, 3]);
  const errors: readonly (readonly [name: string, run: () => unknown, says: RegExp])[] = [
    ["IndexError", () => x().index(2), /index: index 2 is outside \[-2, 1\], dimension 0 of \[2, 3\]/],
    ["IndexError", () => x().index(0, 0, 0), /3 indices for the 2 dimensions of \[2, 3\]/],
    ["IndexError", () => x().index(":", [0, 3]), /index 3 at position 1 is outside \[-3, 2\]/],
    ["IndexError", () => x().index([0, 1], [1, -4]), /index -4 at position 1 is outside \[-3, 2\]/],
    ["ValueError", () => x().index(0.5), /whole numbers, got 0.5/],
    ["ValueError", () => x().index({ step: 0 }), /step must be a whole number other than 0/],
    ["ValueError", () => x().index({ start: 0.5 }), /start must be a whole number, got 0.5/],
    ["ValueError", () => x().index("...", "..."), /"\.\.\." may stand once/],
    ["ValueError", () => x().index({ stop: 1 } as never), /an index is a number, a range/],
    ["DTypeError", () => x().index(zeros([1])), /whole numbers \(i32\), got f32/],
    ["ValueError", () => x().index([0.5]), /whole numbers, got 0.5/],
    ["ShapeError", () => x().index([0, 1], [0, 1, 2]), /do not broadcast/],
    ["ShapeError", () => x().index(zeros([3], { dtype: "bool" })), /mask \[3\] must have the sizes \[2\]/],
    ["ShapeError", () => x().indexPut_([0], zeros([2])), /do not broadcast|\[2\]/],
    ["ShapeError", () => indexPut(x(), [0], zeros([2, 3])), /values of shape \[2, 3\] do not broadcast/],
    ["DTypeError", () => indexPut(zeros([2], { dtype: "i32" }), [0], zeros([])), /f32 does not go into i32/],
    [
      "DTypeError",
      () => indexPut(zeros([2], { dtype: "bool" }), [0], 1, { accumulate: true }),
      /takes f32 or i32, got bool/,
    ],
    ["AutogradError", () => zeros([2], { requiresGrad: true }).indexPut_([0], 1), /noGrad/],
    [
      "AutogradError",
      () => zeros([2]).indexPut_([0], zeros([], { requiresGrad: true })),
      /in place of a tensor/,
    ],
  ];
  it.each(errors)("%s %#", (name, run, says) => {
    clean(() => {
      let thrown: unknown;
      try {
        run();
      } catch (e) {
        thrown = e;
      }
      expect((thrown as Error | undefined)?.name).toBe(name);
      expect((thrown as Error).message).toMatch(says);
    });
  });

  it("writes nothing where an index is bad", () => {
    clean(() => {
      const t = make([2, 3], "f32");
      expect(() =>
        t.indexPut_(
          [
            [0, 1],
            [1, 7],
          ],
          0,
        ),
      ).toThrow(/index 7 at position 1/);
      expect(() => t.scatter_(tensor([[0], [3]], { dtype: "i32" }), 0, { dim: 1 })).toThrow(/index 3/);
      expect(() => t.indexAdd_(tensor([0, 2], { dtype: "i32" }), t, { dim: 0 })).toThrow(/index 2/);
      expect(Array.from(t.data)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(t.storage.version).toBe(0);
    });
  });

  it("writes under noGrad to what requires gradients", () => {
    clean(() => {
      const w = zeros([3], { requiresGrad: true });
      noGrad(() => w.indexPut_([[0, 2]], tensor([1, 2])));
      expect(w.toArray()).toEqual([1, 0, 2]);
    });
  });
});
