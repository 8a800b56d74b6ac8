import * as ops from "../../../src/ops/index.ts";
import { tensor, zeros, type Tensor } from "../../../src/index.ts";
import { at, average, fromFn, nd, reduce, total, zip, type Nd } from "../nd.ts";
import { exactly, f32, type OpSpec, type Sample } from "../spec.ts";
import { normalised } from "./softmax.ts";

const REDUCTIONS = ["mean", "sum", "none"] as const;
export type Reduction = (typeof REDUCTIONS)[number];

export const reduced = (x: Nd, reduction: Reduction = "mean"): Nd =>
  reduction === "none" ? x : reduce(x, {}, reduction === "sum" ? total : average);

export function elementwise(
  op: (x: Tensor, t: Tensor, a: object) => Tensor,
  f: (x: number, t: number) => number,
  extra: object = {},
): OpSpec {
  return {
    samples: REDUCTIONS.map((reduction) => ({
      inputs: [f32([2, 3]), f32([2, 3])],
      attrs: { reduction },
    })),
    call: ([x, t], a: object) => op(x as Tensor, t as Tensor, { ...a, ...extra }),
    reference: ([x, t], a: { reduction: Reduction }) => reduced(zip(x as Nd, t as Nd, f), a.reduction),
    errors: [
      [
        () => op(zeros([2, 3]), zeros([3]), {}),
        "ShapeError",
        /input \[2, 3\] and target \[3\] must have one shape/,
      ],
      [
        () => op(zeros([2]), zeros([2]), { reduction: "avg" }),
        "ValueError",
        /reduction must be "mean", "sum" or "none", got "avg"/,
      ],
    ],
  };
}

interface ClassAttrs {
  readonly reduction?: Reduction;
  readonly ignoreIndex?: number;
  readonly labelSmoothing?: number;
}

function classLoss(logProbs: Nd, target: Nd, weight: Nd | undefined, a: ClassAttrs): Nd {
  if (target.shape.length === 0) {
    const loss = classLoss(nd([1, ...logProbs.shape], logProbs.data), nd([1], target.data), weight, a);
    return nd([], loss.data);
  }
  const classes = logProbs.shape[1] as number;
  const smoothing = a.labelSmoothing ?? 0;
  const w = (c: number): number => (weight ? at(weight, [c]) : 1);
  const ignored = (t: number): boolean => t === (a.ignoreIndex ?? -100);
  const losses = fromFn(target.shape, (index) => {
    const t = at(target, index);
    if (ignored(t)) return 0;
    let loss = 0;
    for (let c = 0; c < classes; c++) {
      const q = (1 - smoothing) * Number(c === t) + smoothing / classes;
      loss -= w(c) * q * at(logProbs, [index[0] as number, c, ...index.slice(1)]);
    }
    return loss;
  });
  if (a.reduction === "none") return losses;
  const sum = total([...losses.data]);
  if (a.reduction === "sum") return nd([], [sum]);
  return nd([], [sum / total([...target.data].map((t) => (ignored(t) ? 0 : w(t))))]);
}

const CLASSES: readonly Sample[] = [
  { inputs: [f32([4, 5]), exactly([4], [0, 3, 4, 1], "i32")], attrs: {} },
  {
    inputs: [f32([2, 3, 2]), exactly([2, 2], [0, 2, 1, 2], "i32"), f32([3], 0.5, 2)],
    attrs: { ignoreIndex: 2 },
  },
  { inputs: [f32([3, 4]), exactly([3], [1, 3, 0], "i32")], attrs: { reduction: "none" } },
  { inputs: [f32([3, 4]), exactly([3], [1, 3, 0], "i32"), f32([4], 0.5, 2)], attrs: { reduction: "sum" } },
  ...REDUCTIONS.map((reduction) => ({
    inputs: [f32([4]), exactly([], [2], "i32"), f32([4], 0.5, 2)],
    attrs: { reduction },
  })),
  { inputs: [f32([4]), exactly([], [1], "i32")], attrs: { ignoreIndex: 1, reduction: "none" } },
];
const SMOOTH: readonly Sample[] = [
  { inputs: [f32([3, 4]), exactly([3], [1, 3, 0], "i32"), f32([4], 0.5, 2)], attrs: { labelSmoothing: 0.2 } },
  { inputs: [f32([3, 4]), exactly([3], [1, -100, 0], "i32")], attrs: { labelSmoothing: 0.2 } },
];
const out = (): Tensor => tensor(Int32Array.of(0, 7), { dtype: "i32" });

export const lossSpecs = {
  crossEntropy: {
    samples: [...CLASSES, ...SMOOTH],
    call: ([x, t, weight], a: ClassAttrs) =>
      ops.crossEntropy(x as Tensor, t as Tensor, { ...a, ...(weight ? { weight } : {}) }),
    reference: ([x, t, weight], a: ClassAttrs) =>
      classLoss(normalised(x as Nd, (x as Nd).shape.length > 1 ? 1 : 0, true), t as Nd, weight, a),
    gradients: [0],
    errors: [
      [
        () => ops.crossEntropy(zeros([2, 3]), out()),
        "IndexError",
        /target 7 at position 1 is outside \[0, 2\]/,
      ],
      [() => ops.crossEntropy(zeros([2, 3]), zeros([2])), "DTypeError", /class indices must be i32, got f32/],
      [
        () => ops.crossEntropy(zeros([2, 3]), zeros([3], { dtype: "i32" })),
        "ShapeError",
        /needs targets of \[2\] \(class indices\), got \[3\]/,
      ],
      [
        () => ops.crossEntropy(zeros([2, 3]), out(), { labelSmoothing: 2 }),
        "ValueError",
        /labelSmoothing must lie in \[0, 1\], got 2/,
      ],
    ],
  },
  nllLoss: {
    samples: CLASSES,
    call: ([x, t, weight], a: ClassAttrs) =>
      ops.nllLoss(x as Tensor, t as Tensor, { ...a, ...(weight ? { weight } : {}) }),
    reference: ([x, t, weight], a: ClassAttrs) => classLoss(x as Nd, t as Nd, weight, a),
    gradients: [0],
    errors: [
      [() => ops.nllLoss(zeros([2, 3]), out()), "IndexError", /target 7 at position 1/],
      [
        () => ops.nllLoss(zeros([3]), tensor(7, { dtype: "i32" })),
        "IndexError",
        /nllLoss: target 7 at position 0 is outside \[0, 2\]/,
      ],
      [
        () => ops.nllLoss(zeros([3]), out()),
        "ShapeError",
        /the input must be \[n, classes, ...\], or \[classes\] with a scalar target, got \[3\] and \[2\]/,
      ],
    ],
  },
  mseLoss: elementwise(ops.mseLoss, (x, t) => (x - t) * (x - t)),
  l1Loss: elementwise(ops.l1Loss, (x, t) => Math.abs(x - t)),
  smoothL1Loss: elementwise(
    ops.smoothL1Loss,
    (x, t) => (Math.abs(x - t) < 0.7 ? (0.5 * (x - t) * (x - t)) / 0.7 : Math.abs(x - t) - 0.35),
    { beta: 0.7 },
  ),
  huberLoss: elementwise(
    ops.huberLoss,
    (x, t) => (Math.abs(x - t) < 0.8 ? 0.5 * (x - t) * (x - t) : 0.8 * (Math.abs(x - t) - 0.4)),
    { delta: 0.8 },
  ),
  binaryCrossEntropyWithLogits: {
    ...elementwise(
      ops.binaryCrossEntropyWithLogits,
      (x, t) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x))),
    ),
  },
} satisfies Record<string, OpSpec>;
