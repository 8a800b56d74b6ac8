import * as ops from "../../../src/ops/index.ts";
import { tensor, zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, sizeOf, type Nd } from "../nd.ts";
import { f32, type OpSpec, type Sample } from "../spec.ts";
import { one } from "./elementwise.ts";
import { from, modulo, reshaped } from "./rearrange.ts";

function tiled(x: Nd, repeats: readonly number[]): Nd {
  const rank = Math.max(x.shape.length, repeats.length);
  const wide = [...Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  const counts = [...Array<number>(rank - repeats.length).fill(1), ...repeats];
  return fromFn(
    wide.map((n, d) => n * (counts[d] as number)),
    (index) =>
      at(
        reshaped(x, wide),
        index.map((i, d) => i % (wide[d] as number)),
      ),
  );
}

interface Interleave {
  readonly repeats: number | readonly number[];
  readonly dim?: number;
}

function interleaved(input: Nd, { repeats, dim: given }: Interleave): Nd {
  const x = given === undefined ? reshaped(input, [sizeOf(input.shape)]) : input;
  const dim = from(given ?? 0, x.shape.length);
  const n = x.shape[dim] as number;
  const counts = typeof repeats === "number" ? Array<number>(n).fill(repeats) : repeats;
  const order = Array.from({ length: n }, (_, i) =>
    Array<number>(counts[i % counts.length] as number).fill(i),
  );
  const picks = order.flat();
  return fromFn(
    x.shape.map((size, d) => (d === dim ? picks.length : size)),
    (index) =>
      at(
        x,
        index.map((i, d) => (d === dim ? (picks[i] as number) : i)),
      ),
  );
}

interface Pad {
  readonly padding: readonly number[];
  readonly mode?: ops.PadMode;
  readonly value?: number;
}

function padded(x: Nd, { padding, mode = "constant", value = 0 }: Pad): Nd {
  const rank = x.shape.length;
  const amount = (d: number, side: number): number => padding[2 * (rank - 1 - d) + side] ?? 0;
  const fold = (i: number, n: number): number => {
    if (mode === "replicate") return Math.max(0, Math.min(n - 1, i));
    return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
  };
  return fromFn(
    x.shape.map((n, d) => n + amount(d, 0) + amount(d, 1)),
    (index) => {
      const source = index.map((i, d) => i - amount(d, 0));
      const inside = source.every((i, d) => i >= 0 && i < (x.shape[d] as number));
      if (mode === "constant") return inside ? at(x, source) : value;
      return at(
        x,
        source.map((i, d) => {
          const n = x.shape[d] as number;
          if (mode !== "circular") return fold(i, n);
          // Of what cropping leaves.
          const first = Math.max(0, -amount(d, 0));
          return first + modulo(i - first, n - first + Math.min(0, amount(d, 1)));
        }),
      );
    },
  );
}

const PADS: readonly (readonly [shape: readonly number[], attrs: Pad])[] = [
  [[2, 3], { padding: [1, 2] }],
  [[2, 3], { padding: [1, 0, 2, 1], value: 1.5 }],
  [[2, 4], { padding: [-1, 2, 1, -1] }],
  [[2, 4], { padding: [-2, -2] }],
  [[0, 2], { padding: [1, 1, 1, 1] }],
  [[3], { padding: [] }],
  ...(["reflect", "replicate", "circular"] as const).flatMap((mode) => [
    [[1, 2, 5], { padding: [2, 1], mode }] as const,
    [[2, 3, 4], { padding: [0, 3, 2, 1], mode }] as const,
    [[5], { padding: [-2, mode === "replicate" ? 9 : 3], mode }] as const,
    [[5], { padding: [1, -2], mode }] as const,
    [[2, 3, 4], { padding: [1, -1, -1, 0, 1, 1], mode }] as const,
  ]),
  [[3], { padding: [5, 7], mode: "replicate" }],
];

const repeating = (op: typeof ops.tile, lists: readonly (readonly number[])[]): OpSpec => ({
  samples: lists.map((repeats) => ({ inputs: [f32([2, 3])], attrs: { repeats } })),
  call: ([x], { repeats }: { repeats: number[] }) => op(x as Tensor, repeats),
  reference: ([x], { repeats }: { repeats: number[] }) => tiled(x as Nd, repeats),
  errors: [[() => op(one(), [-1]), "ValueError", /repeats must be whole numbers ≥ 0, got -1/]],
});

const INTERLEAVES: readonly Sample[] = [
  { inputs: [f32([2, 3])], attrs: { repeats: 2 } },
  { inputs: [f32([2, 3])], attrs: { repeats: 3, dim: 0 } },
  { inputs: [f32([2, 3])], attrs: { repeats: 0, dim: 1 } },
  { inputs: [f32([1])], attrs: { repeats: 4, dim: 0 } },
  { inputs: [f32([2, 3])], attrs: { repeats: [2, 0, 3], dim: -1 } },
  { inputs: [f32([2, 2])], attrs: { repeats: [1, 2, 0, 4] } },
  { inputs: [f32([2, 3])], attrs: { repeats: [2], dim: 1 } },
  { inputs: [f32([])], attrs: { repeats: 3 } },
  { inputs: [f32([3])], attrs: { repeats: [0, 0, 0] } },
];
const counts = (values: readonly number[]): Tensor => tensor(Int32Array.from(values));

export const repeatSpecs = {
  tile: repeating(ops.tile, [[2], [2, 2], [3, 1, 2], [1, 0], []]),
  repeat: {
    ...repeating(ops.repeat, [
      [2, 2],
      [3, 1, 2],
      [1, 1],
    ]),
    errors: [
      [
        () => ops.repeat(zeros([2, 2]), [2]),
        "ShapeError",
        /a number for each of the 2 dimensions of \[2, 2\]/,
      ],
    ],
  },
  repeatInterleave: {
    samples: INTERLEAVES,
    call: ([x], { repeats, dim }: Interleave) =>
      ops.repeatInterleave(
        x as Tensor,
        typeof repeats === "number" ? repeats : counts(repeats),
        dim === undefined ? {} : { dim },
      ),
    reference: ([x], a: Interleave) => interleaved(x as Nd, a),
    errors: [
      [
        () => ops.repeatInterleave(zeros([3]), counts([1, 2])),
        "ShapeError",
        /repeats must be a number, or one for each of the 3 entries, got \[2\]/,
      ],
      [() => ops.repeatInterleave(zeros([2]), counts([1, -2])), "ValueError", /got -2 at position 1/],
      [() => ops.repeatInterleave(zeros([2]), zeros([2])), "DTypeError", /must be whole numbers \(i32\)/],
      [() => ops.repeatInterleave(zeros([2]), 1.5), "ValueError", /whole numbers ≥ 0, got 1.5/],
    ],
  },
  pad: {
    samples: PADS.map(([shape, attrs]) => ({ inputs: [f32(shape)], attrs })),
    call: ([x], { padding, ...rest }: Pad) => ops.pad(x as Tensor, padding, rest),
    reference: ([x], a: Pad) => padded(x as Nd, a),
    errors: [
      [() => ops.pad(one(), [1]), "ValueError", /padding must be pairs of whole numbers/],
      [() => ops.pad(one(), [1, 1, 1, 1]), "ValueError", /at most the 1 dimensions of \[2\]/],
      [() => ops.pad(one(), [-2, -1]), "ShapeError", /\[-2, -1\] crops more than dimension 0 of \[2\]/],
      [
        () => ops.pad(one(), [2, 0], { mode: "reflect" }),
        "ShapeError",
        /mode "reflect" can add at most 1 on each side of dimension 0 of \[2\], got \[2, 0\]/,
      ],
      [() => ops.pad(one(), [3, 0], { mode: "circular" }), "ShapeError", /can add at most 2/],
      [() => ops.pad(zeros([0]), [1, 0], { mode: "replicate" }), "ShapeError", /can add at most 0/],
      [
        () => ops.pad(one(), [1, 0], { mode: "wrap" as "circular" }),
        "ValueError",
        /mode must be "constant", "reflect", "replicate" or "circular", got "wrap"/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;
