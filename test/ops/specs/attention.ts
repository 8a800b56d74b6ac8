import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, map, matmul, permute, zip, type Nd } from "../nd.ts";
import { bool, exactly, f32, i32, toTensor, type OpSpec } from "../spec.ts";

interface Attrs {
  readonly isCausal?: boolean;
  readonly scale?: number;
  /** The mask's kind: bool masks are false where the value is 0. */
  readonly mask?: "bool" | "f32";
}

function reference([q, k, v, mask]: readonly Nd[], { isCausal = false, scale, mask: kind }: Attrs = {}): Nd {
  const rank = (k as Nd).shape.length;
  const turned = permute(k as Nd, [...Array.from({ length: rank - 2 }, (_, d) => d), rank - 1, rank - 2]);
  const factor = scale ?? 1 / Math.sqrt((q as Nd).shape.at(-1) as number);
  const raw = map(matmul(q as Nd, turned), (x) => x * factor);
  const scores = mask ? zip(raw, mask, (s, m) => (kind === "f32" ? s + m : m === 0 ? -Infinity : s)) : raw;
  const hidden = (index: readonly number[]): boolean =>
    isCausal && (index.at(-1) as number) > (index.at(-2) as number);
  const e = fromFn(scores.shape, (index) => (hidden(index) ? 0 : Math.exp(at(scores, index))));
  const keys = scores.shape.at(-1) as number;
  const weights = fromFn(scores.shape, (index) => {
    let total = 0;
    for (let j = 0; j < keys; j++) total += at(e, [...index.slice(0, -1), j]);
    return total === 0 ? 0 : at(e, index) / total;
  });
  return matmul(weights, v as Nd);
}

export const attentionSpecs = {
  scaledDotProductAttention: {
    samples: [
      { inputs: [f32([2, 2]), f32([3, 2]), f32([3, 2])] },
      { inputs: [f32([3, 2]), f32([3, 2]), f32([3, 3])], attrs: { isCausal: true, scale: 0.3 } },
      { inputs: [f32([2, 2]), f32([4, 2]), f32([4, 2])], attrs: { isCausal: true } },
      { inputs: [f32([2, 1, 5, 4]), f32([1, 3, 7, 4]), f32([2, 3, 7, 6])] },
      {
        inputs: [f32([2, 2, 2]), f32([2, 3, 2]), f32([2, 3, 1]), exactly([2, 3], [1, 0, 1, 0, 0, 0], "bool")],
        attrs: { mask: "bool" },
      },
      {
        inputs: [f32([2, 4, 5]), f32([2, 17, 5]), f32([2, 17, 3]), bool([2, 1, 17])],
        attrs: { mask: "bool" },
      },
      { inputs: [f32([3, 2]), f32([3, 2]), f32([3, 2]), f32([3, 3])], attrs: { mask: "f32" } },
      { inputs: [f32([5, 3]), f32([5, 3]), f32([5, 3]), f32([5])], attrs: { mask: "f32", isCausal: true } },
      { inputs: [f32([2, 5, 3]), f32([2, 7, 3]), f32([2, 7, 2])], attrs: { isCausal: true, scale: 0.9 } },
      { inputs: [f32([7, 3]), f32([5, 3]), f32([5, 4])], attrs: { isCausal: true } },
      { inputs: [f32([4, 9]), f32([6, 9]), f32([6, 1])] },
      { inputs: [f32([2, 2, 1, 5, 2]), f32([2, 1, 3, 4, 2]), f32([4, 2])] },
      {
        inputs: [
          f32([2, 5, 2]),
          f32([2, 3, 2]),
          f32([2, 3, 3]),
          exactly([5, 3], [1, 0, 1, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 0], "bool"),
        ],
        attrs: { mask: "bool", isCausal: true },
      },
      {
        inputs: [f32([2, 2, 4, 2]), f32([2, 2, 6, 2]), f32([2, 2, 6, 2]), bool([2, 1, 1, 6])],
        attrs: { mask: "bool" },
      },
      { inputs: [f32([2, 0, 3]), f32([2, 4, 3]), f32([2, 4, 3])] },
      { inputs: [f32([2, 2, 3]), f32([2, 0, 3]), f32([2, 0, 3])] },
    ],
    call: ([q, k, v, mask], attrs: Attrs = {}) => {
      const { mask: _, ...options } = attrs;
      return ops.scaledDotProductAttention(q as Tensor, k as Tensor, v as Tensor, {
        ...options,
        ...(mask ? { attnMask: mask } : {}),
      });
    },
    reference,
    errors: [
      [
        () => ops.scaledDotProductAttention(zeros([3]), zeros([3, 3]), zeros([3, 3])),
        "ShapeError",
        /takes q \[\.\.\., queries, e\]/,
      ],
      [
        () => ops.scaledDotProductAttention(zeros([2, 3]), zeros([2, 4]), zeros([2, 3])),
        "ShapeError",
        /queries and keys must have the same features, .* \(3 ≠ 4\)/,
      ],
      [
        () => ops.scaledDotProductAttention(zeros([2, 3]), zeros([2, 3]), zeros([4, 3])),
        "ShapeError",
        /a value for each key, .* \(2 ≠ 4\)/,
      ],
      [
        () =>
          ops.scaledDotProductAttention(zeros([2, 3]), zeros([4, 3]), zeros([4, 3]), {
            attnMask: zeros([4, 2]),
          }),
        "ShapeError",
        /attnMask \[4, 2\] does not broadcast to the scores \[2, 4\]/,
      ],
      [
        () =>
          ops.scaledDotProductAttention(zeros([2, 3]), zeros([4, 3]), zeros([4, 3]), {
            attnMask: toTensor(i32([2, 4], 0, 2)),
          }),
        "DTypeError",
        /attnMask must be bool \(true takes part\) or f32 \(added\), got i32/,
      ],
      [
        () => ops.scaledDotProductAttention(zeros([2, 3]), zeros([4, 3]), zeros([4, 3]), { dropoutP: -1 }),
        "ValueError",
        /dropoutP must lie in \[0, 1\], got -1/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;
