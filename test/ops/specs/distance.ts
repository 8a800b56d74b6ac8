import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { broadcast, fromFn, map, nd, reduce, spread, total, zip, type Nd } from "../nd.ts";
import { exactly, f32, type OpSpec, type Sample } from "../spec.ts";
import { elementwise, reduced, type Reduction } from "./loss.ts";

const REDUCTIONS = ["mean", "sum", "none"] as const;
const signs = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => (i % 3 === 1 ? -1 : 1));

/** The element-wise losses' spec with other inputs and options. */
function rated(
  op: (x: Tensor, t: Tensor, a: object) => Tensor,
  f: (x: number, t: number) => number,
  input: () => Sample["inputs"],
  extra: object = {},
): OpSpec {
  const spec = elementwise(op, f, extra);
  return { ...spec, samples: spec.samples.map((s) => ({ ...s, inputs: input() })) };
}

/** The samples of several specs of one op. */
function several(specs: readonly OpSpec[]): OpSpec {
  interface Choice {
    readonly variant: number;
    readonly attrs: unknown;
  }
  const chosen = ({ variant }: Choice): OpSpec => specs[variant] as OpSpec;
  return {
    ...(specs[0] as OpSpec),
    samples: specs.flatMap((spec, variant) =>
      spec.samples.map((s) => ({ ...s, attrs: { variant, attrs: s.attrs } })),
    ),
    call: (inputs, choice: Choice) => chosen(choice).call(inputs, choice.attrs),
    reference: (inputs, choice: Choice) => chosen(choice).reference(inputs, choice.attrs),
  };
}

const positives = (): Sample["inputs"] => [f32([2, 3], 0.2, 3), f32([2, 3], 0.2, 4)];
const labelled = (): Sample["inputs"] => [f32([2, 3]), exactly([2, 3], signs(6))];
const stirling = (t: number): number => (t > 1 ? t * Math.log(t) - t + 0.5 * Math.log(2 * Math.PI * t) : 0);

const expanded = (x: Nd, shape: readonly number[]): Nd => fromFn(shape, (index) => spread(x, index));
const product = (x: Nd, y: Nd): Nd => zip(x, y, (a, b) => a * b);
const along = (x: Nd, dim: number): Nd => reduce(x, { dim }, total);

function cosine(x: Nd, y: Nd, dim: number, eps = 1e-8): Nd {
  const shape = broadcast(x.shape, y.shape);
  const [a, b] = [expanded(x, shape), expanded(y, shape)];
  const length = (t: Nd): Nd => map(along(product(t, t), dim), (v) => Math.max(Math.sqrt(v), eps));
  return zip(along(product(a, b), dim), product(length(a), length(b)), (p, l) => p / l);
}

const distance = (x: Nd, y: Nd, p = 2, eps = 1e-6): Nd =>
  reduce(
    zip(x, y, (a, b) => a - b + eps),
    { dim: -1 },
    (v) => total(v.map((d) => Math.abs(d) ** p)) ** (1 / p),
  );

export const distanceSpecs = {
  binaryCrossEntropy: {
    ...rated(
      ops.binaryCrossEntropy,
      (x, t) => -t * Math.log(x) - (1 - t) * Math.log1p(-x),
      () => [f32([2, 3], 0.1, 0.9), f32([2, 3], 0, 1)],
    ),
  },
  klDiv: several([
    rated(ops.klDiv, (x, t) => t * (Math.log(t) - x), positives),
    rated(
      ops.klDiv,
      (x, t) => Math.exp(t) * (t - x),
      () => [f32([2, 3]), f32([2, 3])],
      { logTarget: true },
    ),
    {
      ...rated(ops.klDiv, () => 0, positives),
      samples: [{ inputs: positives() }],
      call: ([x, t]) => ops.klDiv(x as Tensor, t as Tensor, { reduction: "batchmean" }),
      reference: ([x, t]) => {
        const losses = zip(x as Nd, t as Nd, (a, b) => b * (Math.log(b) - a));
        return nd([], [total([...losses.data]) / 2]);
      },
    },
  ]),
  poissonNllLoss: several([
    rated(ops.poissonNllLoss, (x, t) => Math.exp(x) - t * x, positives),
    rated(ops.poissonNllLoss, (x, t) => x - t * Math.log(x + 1e-8) + stirling(t), positives, {
      logInput: false,
      full: true,
    }),
  ]),
  softMarginLoss: rated(ops.softMarginLoss, (x, t) => Math.log1p(Math.exp(-t * x)), labelled),
  hingeEmbeddingLoss: {
    gradients: [0],
    ...several([
      rated(ops.hingeEmbeddingLoss, (x, t) => (t === 1 ? x : Math.max(0, 1 - x)), labelled),
      rated(ops.hingeEmbeddingLoss, (x, t) => (t === 1 ? x : Math.max(0, 0.3 - x)), labelled, {
        margin: 0.3,
      }),
    ]),
  },
  gaussianNllLoss: {
    samples: [
      { inputs: [f32([2, 3]), f32([2, 3]), f32([2, 3], 0.3, 2)], attrs: {} },
      { inputs: [f32([2, 3]), f32([2, 3]), f32([2, 1], 0.3, 2)], attrs: { reduction: "none" } },
      { inputs: [f32([2, 3]), f32([2, 3]), f32([2], 0.3, 2)], attrs: { full: true, reduction: "sum" } },
    ],
    call: ([x, t, v], a: object) => ops.gaussianNllLoss(x as Tensor, t as Tensor, v as Tensor, a),
    reference: ([x, t, given], a: { full?: boolean; reduction?: Reduction }) => {
      const variance = given as Nd;
      const v = variance.shape.length === 1 ? nd([2, 1], variance.data) : variance;
      const squares = zip(x as Nd, t as Nd, (p, q) => (p - q) ** 2);
      const constant = a.full ? 0.5 * Math.log(2 * Math.PI) : 0;
      return reduced(
        zip(squares, v, (d, w) => 0.5 * (Math.log(w) + d / w) + constant),
        a.reduction,
      );
    },
    errors: [
      [
        () => ops.gaussianNllLoss(zeros([2, 3]), zeros([2, 3]), zeros([3])),
        "ShapeError",
        /variance must be \[2, 3\], \[2, 1\] or \[2\] for an input \[2, 3\], got \[3\]/,
      ],
      [
        () => ops.gaussianNllLoss(zeros([2]), zeros([2]), zeros([2]), { eps: 0 }),
        "ValueError",
        /eps must be > 0/,
      ],
    ],
  },
  cosineSimilarity: {
    samples: [
      { inputs: [f32([3, 4]), f32([3, 4])], attrs: {} },
      { inputs: [f32([2, 3, 2]), f32([3, 1])], attrs: { dim: -1 } },
      { inputs: [f32([4, 3]), f32([3])], attrs: { dim: 0 } },
      { inputs: [f32([2, 3], 0.1, 0.2), f32([2, 3])], attrs: { eps: 0.9 } },
    ],
    call: ([x, y], a: object) => ops.cosineSimilarity(x as Tensor, y as Tensor, a),
    reference: ([x, y], { dim = 1, eps }: { dim?: number; eps?: number }) =>
      cosine(x as Nd, y as Nd, dim, eps),
    errors: [
      [() => ops.cosineSimilarity(zeros([2]), zeros([2])), "ShapeError", /dim 1 is outside \[-1, 0\]/],
      [() => ops.cosineSimilarity(zeros([2, 3]), zeros([2, 4])), "ShapeError", /do not broadcast/],
    ],
  },
  pairwiseDistance: {
    samples: [
      { inputs: [f32([3, 4]), f32([3, 4])], attrs: {} },
      { inputs: [f32([3, 4]), f32([4])], attrs: { p: 3, eps: 0.1 } },
    ],
    call: ([x, y], a: object) => ops.pairwiseDistance(x as Tensor, y as Tensor, a),
    reference: ([x, y], a: { p?: number; eps?: number }) => distance(x as Nd, y as Nd, a.p, a.eps),
    errors: [[() => ops.pairwiseDistance(zeros([2, 3]), zeros([2, 4])), "ShapeError", /do not broadcast/]],
  },
  cosineEmbeddingLoss: {
    samples: [
      ...REDUCTIONS.map((reduction) => ({
        inputs: [f32([4, 3]), f32([4, 3]), exactly([4], signs(4))],
        attrs: { reduction, margin: -0.2 },
      })),
      { inputs: [f32([3]), f32([3]), exactly([], [-1])], attrs: { margin: -2 } },
    ],
    call: ([x, y, t], a: object) => ops.cosineEmbeddingLoss(x as Tensor, y as Tensor, t as Tensor, a),
    reference: ([x, y, t], a: { reduction?: Reduction; margin: number }) =>
      reduced(
        zip(cosine(x as Nd, y as Nd, -1), t as Nd, (c, on) => (on === 1 ? 1 - c : Math.max(0, c - a.margin))),
        a.reduction,
      ),
    gradients: [0, 1],
    errors: [
      [
        () => ops.cosineEmbeddingLoss(zeros([2, 3]), zeros([2, 3]), zeros([2, 1])),
        "ShapeError",
        /takes inputs \[n, d\] with a target \[n\]/,
      ],
    ],
  },
  marginRankingLoss: {
    samples: REDUCTIONS.map((reduction) => ({
      inputs: [f32([2, 3]), f32([2, 3]), exactly([2, 3], signs(6))],
      attrs: { reduction, margin: 0.3 },
    })),
    call: ([x, y, t], a: object) => ops.marginRankingLoss(x as Tensor, y as Tensor, t as Tensor, a),
    reference: ([x, y, t], a: { reduction: Reduction; margin: number }) => {
      const lead = zip(x as Nd, y as Nd, (p, q) => p - q);
      return reduced(
        zip(t as Nd, lead, (on, d) => Math.max(0, a.margin - on * d)),
        a.reduction,
      );
    },
    errors: [
      [() => ops.marginRankingLoss(zeros([2]), zeros([3]), zeros([2])), "ShapeError", /do not broadcast/],
    ],
  },
  tripletMarginLoss: {
    samples: [
      ...REDUCTIONS.map((reduction) => ({
        inputs: [f32([4, 3]), f32([4, 3]), f32([4, 3])],
        attrs: { reduction, margin: 2 },
      })),
      { inputs: [f32([4, 3]), f32([4, 3]), f32([4, 3])], attrs: { margin: 3, swap: true, p: 3, eps: 1e-3 } },
      { inputs: [f32([3]), f32([3]), f32([3])], attrs: { margin: 5 } },
    ],
    call: ([x, y, z], a: object) => ops.tripletMarginLoss(x as Tensor, y as Tensor, z as Tensor, a),
    reference: (
      [x, y, z],
      a: { reduction?: Reduction; margin: number; swap?: boolean; p?: number; eps?: number },
    ) => {
      const near = distance(x as Nd, y as Nd, a.p, a.eps);
      const far = distance(x as Nd, z as Nd, a.p, a.eps);
      const other = distance(y as Nd, z as Nd, a.p, a.eps);
      const away = zip(far, other, (f, o) => (a.swap ? Math.min(f, o) : f));
      return reduced(
        zip(near, away, (n, f) => Math.max(0, n - f + a.margin)),
        a.reduction,
      );
    },
    errors: [
      [
        () => ops.tripletMarginLoss(zeros([2]), zeros([2]), zeros([2]), { reduction: "avg" as "sum" }),
        "ValueError",
        /tripletMarginLoss: reduction must be/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;
