import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, indices, map, matmul, nd, spread, zip, type Nd } from "../nd.ts";
import { exactly, f32, i32, type Input, type OpSpec, type Sample } from "../spec.ts";

/** matmul's reference with vectors as rows and columns. */
export function product(x: Nd, y: Nd): Nd {
  const a = x.shape.length === 1 ? nd([1, ...x.shape], x.data) : x;
  const b = y.shape.length === 1 ? nd([...y.shape, 1], y.data) : y;
  const out = matmul(a, b);
  const shape = out.shape.filter(
    (_, d) =>
      !(x.shape.length === 1 && d === out.shape.length - 2) &&
      !(y.shape.length === 1 && d === out.shape.length - 1),
  );
  return nd(shape, out.data);
}

export const two = (...shapes: readonly (readonly number[])[][]): Sample[] =>
  shapes.map((pair) => ({ inputs: pair.map((shape) => f32(shape)) }));

interface Factors {
  readonly beta?: number;
  readonly alpha?: number;
}

const added = ([t, x, y]: readonly Nd[], { beta = 1, alpha = 1 }: Factors = {}): Nd => {
  const p = map(product(x as Nd, y as Nd), (v) => alpha * v);
  return beta === 0
    ? p
    : zip(
        p,
        map(t as Nd, (v) => beta * v),
        (a, b) => a + b,
      );
};

export const productSpecs = {
  mm: {
    samples: two(
      [
        [3, 4],
        [4, 5],
      ],
      [
        [2, 0],
        [0, 3],
      ],
      [
        [0, 2],
        [2, 3],
      ],
    ),
    call: ([x, y]) => ops.mm(x as Tensor, y as Tensor),
    reference: ([x, y]) => product(x as Nd, y as Nd),
    errors: [
      [
        () => ops.mm(zeros([2]), zeros([2, 2])),
        "ShapeError",
        /^mm: takes tensors of 2 and 2 dimensions, got \[2\]/,
      ],
    ],
  },
  mv: {
    samples: two([[3, 4], [4]], [[2, 0], [0]]),
    call: ([x, y]) => ops.mv(x as Tensor, y as Tensor),
    reference: ([x, y]) => product(x as Nd, y as Nd),
    errors: [[() => ops.mv(zeros([2, 2]), zeros([2, 2])), "ShapeError", /^mv: takes tensors of 2 and 1/]],
  },
  dot: {
    samples: two([[5], [5]], [[0], [0]]),
    call: ([x, y]) => ops.dot(x as Tensor, y as Tensor),
    reference: ([x, y]) => product(x as Nd, y as Nd),
    errors: [[() => ops.dot(zeros([2]), zeros([3])), "ShapeError", /inner dimensions differ/]],
  },
  bmm: {
    samples: two(
      [
        [2, 3, 2],
        [2, 2, 3],
      ],
      [
        [0, 3, 2],
        [0, 2, 3],
      ],
    ),
    call: ([x, y]) => ops.bmm(x as Tensor, y as Tensor),
    reference: ([x, y]) => product(x as Nd, y as Nd),
    errors: [[() => ops.bmm(zeros([1, 2, 2]), zeros([3, 2, 2])), "ShapeError", /^bmm: batches differ/]],
  },
  addmm: {
    samples: [
      { inputs: [f32([2, 3]), f32([2, 4]), f32([4, 3])] },
      { inputs: [f32([3]), f32([2, 4]), f32([4, 3])], attrs: { beta: 2, alpha: -0.5 } },
    ],
    call: ([t, x, y], factors: Factors) => ops.addmm(t as Tensor, x as Tensor, y as Tensor, factors),
    reference: added,
    errors: [
      [
        () => ops.addmm(zeros([4]), zeros([2, 2]), zeros([2, 3])),
        "ShapeError",
        /what is added, \[4\], does not broadcast to the product \[2, 3\]/,
      ],
    ],
  },
  baddbmm: {
    samples: [
      { inputs: [f32([2, 2, 2]), f32([2, 2, 3]), f32([2, 3, 2])] },
      { inputs: [f32([2, 1]), f32([2, 2, 3]), f32([2, 3, 2])], attrs: { beta: 3 } },
    ],
    call: ([t, x, y], factors: Factors) => ops.baddbmm(t as Tensor, x as Tensor, y as Tensor, factors),
    reference: added,
    errors: [
      [
        () => ops.baddbmm(zeros([1]), zeros([1, 2, 2]), zeros([2, 2, 2])),
        "ShapeError",
        /^baddbmm: batches differ/,
      ],
    ],
  },
  bilinear: {
    samples: [
      { inputs: [f32([2, 2]), f32([2, 3]), f32([3, 2, 3]), f32([3])] },
      { inputs: [f32([2, 2, 2]), f32([2, 2, 1]), f32([2, 2, 1])] },
      { inputs: [f32([3]), f32([4]), f32([2, 3, 4])] },
      { inputs: [f32([0, 3]), f32([0, 4]), f32([2, 3, 4])] },
    ],
    call: ([x, y, w, b]) => ops.bilinear(x as Tensor, y as Tensor, w as Tensor, b),
    reference: ([x, y, w, b]) => {
      const [out, in1, in2] = (w as Nd).shape as [number, number, number];
      return fromFn([...(x as Nd).shape.slice(0, -1), out], (index) => {
        const lead = index.slice(0, -1);
        const o = index.at(-1) as number;
        let sum = b?.data[o] ?? 0;
        for (const [i, j] of indices([in1, in2]) as Generator<[number, number]>)
          sum += at(x as Nd, [...lead, i]) * at(w as Nd, [o, i, j]) * at(y as Nd, [...lead, j]);
        return sum;
      });
    },
    errors: [
      [
        () => ops.bilinear(zeros([2, 3]), zeros([2, 4]), zeros([5, 4, 3])),
        "ShapeError",
        /^bilinear: takes x1/,
      ],
      [
        () => ops.bilinear(zeros([2, 3]), zeros([2, 4]), zeros([5, 3, 4]), zeros([3])),
        "ShapeError",
        /bias must be \[5\], got \[3\]/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;

interface Sum {
  /** The equation with all names spelled out, for the reference: letters of operands, letters of the result. */
  readonly plain: readonly [readonly string[], string];
  readonly equation: string;
}

/** Sums over all letters, by brute force; an operand's size of 1 broadcasts. */
function brute(inputs: readonly Nd[], { plain: [operands, result] }: Sum): Nd {
  const letters = [...new Set(operands.join(""))];
  const sizes = letters.map((letter) =>
    operands.reduce(
      (n, names, i) =>
        Array.from(names).reduce(
          (m, name, d) => (name === letter && m === 1 ? (inputs[i]?.shape[d] as number) : m),
          n,
        ),
      1,
    ),
  );
  return fromFn(
    Array.from(result).map((letter) => sizes[letters.indexOf(letter)] as number),
    (index) => {
      let sum = 0;
      for (const all of indices(sizes)) {
        if (Array.from(result).some((letter, d) => all[letters.indexOf(letter)] !== index[d])) continue;
        sum += operands.reduce((term, names, i) => {
          const own = Array.from(names).map((name) => all[letters.indexOf(name)] as number);
          return term * spread(inputs[i] as Nd, own);
        }, 1);
      }
      return sum;
    },
  );
}

const sum = (equation: string, plain: Sum["plain"], ...inputs: Input[]): Sample => ({
  inputs,
  attrs: { equation, plain } satisfies Sum,
});

export const einsumSpecs = {
  einsum: {
    samples: [
      sum("ij,jk->ik", [["ij", "jk"], "ik"], f32([3, 4]), f32([4, 2])),
      sum(" b i j , b j k ", [["bij", "bjk"], "ik"], f32([2, 3, 2]), f32([2, 2, 3])),
      sum("ij", [["ij"], "ij"], f32([2, 3])),
      sum("ba", [["ba"], "ab"], f32([2, 3])),
      sum("bA", [["bA"], "Ab"], f32([2, 3])),
      sum("ij->", [["ij"], ""], f32([2, 3])),
      sum("ii", [["ii"], ""], f32([4, 4])),
      sum("ii->i", [["ii"], "i"], f32([4, 4])),
      sum("iji->ji", [["iji"], "ji"], f32([3, 2, 3])),
      sum("iii->i", [["iii"], "i"], f32([3, 3, 3])),
      sum("i,i->", [["i", "i"], ""], f32([5]), f32([5])),
      sum("i,i->i", [["i", "i"], "i"], f32([5]), f32([5])),
      sum("i,j->ji", [["i", "j"], "ji"], f32([3]), f32([4])),
      sum(",i->i", [["", "i"], "i"], f32([]), f32([3])),
      sum("ij,kl->il", [["ij", "kl"], "il"], f32([2, 3]), f32([4, 2])),
      sum("ii,ij->j", [["ii", "ij"], "j"], f32([3, 3]), f32([3, 2])),
      sum("...ij,...jk->...ik", [["abij", "bjk"], "abik"], f32([2, 1, 2, 3]), f32([3, 3, 2])),
      sum("...i,i", [["abi", "i"], "ab"], f32([2, 3, 2]), f32([2])),
      sum("i...->...", [["iab"], "ab"], f32([2, 3, 2])),
      sum("i...j->ij", [["iabj"], "ij"], f32([2, 3, 2, 2])),
      sum("b...,b...->...", [["bac", "bc"], "ac"], f32([2, 3, 2]), f32([2, 2])),
      sum("ij,jk,kl->il", [["ij", "jk", "kl"], "il"], f32([2, 3]), f32([3, 4]), f32([4, 2])),
      sum("bn,anm,bm->ba", [["bn", "anm", "bm"], "ba"], f32([2, 3]), f32([2, 3, 2]), f32([2, 2])),
      sum("i,j,k,l->lkji", [["i", "j", "k", "l"], "lkji"], f32([2]), f32([3]), f32([2]), f32([2])),
      sum("ij,jk->ik", [["ij", "jk"], "ik"], f32([2, 1]), f32([3, 2])),
      sum("ij,jk->ik", [["ij", "jk"], "ik"], f32([2, 0]), f32([0, 2])),
      sum("ij,ij->i", [["ij", "ij"], "i"], i32([2, 3], -3, 3), f32([2, 3])),
      sum("ii->i", [["ii"], "i"], exactly([0, 0], [])),
    ],
    call: (inputs, { equation }: Sum) => ops.einsum(equation, ...inputs),
    reference: (inputs, attrs: Sum) => brute(inputs, attrs),
    errors: [
      [() => ops.einsum("ij"), "ValueError", /needs at least one operand/],
      [() => ops.einsum("ij,jk", zeros([2, 2])), "ValueError", /has 2 operands, 1 were given/],
      [() => ops.einsum("i->j->k", zeros([2])), "ValueError", /more than one "->"/],
      [() => ops.einsum("i1", zeros([2, 2])), "ValueError", /"1" in "i1" is no subscript/],
      [() => ops.einsum("...i...", zeros([2, 2])), "ValueError", /"\." in/],
      [() => ops.einsum("ij", zeros([2])), "ShapeError", /"ij" names 2 dimensions, operand 0 has 1/],
      [
        () => ops.einsum("...ij", zeros([2])),
        "ShapeError",
        /names 2 dimensions besides the ellipsis, operand 0 has 1/,
      ],
      [() => ops.einsum("ij->ii", zeros([2, 2])), "ValueError", /"i" appears twice in the output/],
      [() => ops.einsum("ij->k", zeros([2, 2])), "ValueError", /"k" is in the output .* but in no operand/],
      [() => ops.einsum("ii", zeros([1, 2])), "ShapeError", /a diagonal needs equal sizes/],
      [
        () => ops.einsum("ij,jk", zeros([2, 3]), zeros([4, 5])),
        "ShapeError",
        /"j" of "ij,jk" has size 4 in operand 1 \[4, 5\] and 3 before/,
      ],
      [
        () => ops.einsum("...,...", zeros([3, 2]), zeros([4, 2])),
        "ShapeError",
        /dimension −2 of the ellipsis of "\.\.\.,\.\.\." has size 4/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;
