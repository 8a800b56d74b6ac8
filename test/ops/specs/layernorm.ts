import * as ops from "../../../src/ops/index.ts";
import { tensor, zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, indices, nd, type Nd } from "../nd.ts";
import { exactly, f32, i32, type OpSpec } from "../spec.ts";

const EPS = 1e-5;
const sum = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0);

/** x less the mean over the square root of variance + eps, in groups of elements that `group` names. */
function normalised(x: Nd, group: (index: number[]) => string, eps = EPS, centred = true): Nd {
  const groups = new Map<string, number[]>();
  for (const index of indices(x.shape)) {
    const key = group(index);
    const members = groups.get(key);
    if (members) members.push(at(x, index));
    else groups.set(key, [at(x, index)]);
  }
  const stats = new Map(
    [...groups].map(([key, v]) => {
      const mean = centred ? sum(v) / v.length : 0;
      return [key, [mean, Math.sqrt(sum(v.map((a) => (a - mean) ** 2)) / v.length + eps)] as const];
    }),
  );
  return fromFn(x.shape, (index) => {
    const [mean, deviation] = stats.get(group(index)) as readonly [number, number];
    return (at(x, index) - mean) / deviation;
  });
}

/** · weight + bias, which `place` finds for an element. */
const affine = (x: Nd, w: Nd | undefined, b: Nd | undefined, place: (index: number[]) => number[]): Nd =>
  fromFn(x.shape, (i) => at(x, i) * (w ? at(w, place(i)) : 1) + (b ? at(b, place(i)) : 0));

const channel = ([, c]: number[]): number[] => [c as number];

interface GroupAttrs {
  readonly numGroups: number;
  readonly only?: "weight" | "bias";
}

const grouped = (x: Nd, groups: number): Nd =>
  normalised(x, ([n, c]) => `${n} ${Math.floor(((c as number) * groups) / (x.shape[1] as number))}`);

const weightOf = (t: readonly (Tensor | undefined)[], only?: string): [Tensor | null, Tensor | null] =>
  only === "bias" ? [null, t[1] ?? null] : [t[1] ?? null, only === "weight" ? null : (t[2] ?? null)];

export const layerNormSpecs = {
  layerNorm: {
    samples: [
      { inputs: [f32([2, 3, 5]), f32([5]), f32([5])], attrs: {} },
      { inputs: [f32([2, 2, 3]), f32([2, 3]), f32([2, 3])], attrs: { normalizedShape: [2, 3] } },
      { inputs: [f32([3, 4]), f32([4])], attrs: { only: "weight" } },
      { inputs: [f32([3, 4]), f32([4])], attrs: { only: "bias" } },
      { inputs: [f32([4])], attrs: { normalizedShape: 4, eps: 0.1 } },
      { inputs: [f32([3, 17])], attrs: { normalizedShape: [17] } },
      { inputs: [exactly([0, 4], []), f32([4]), f32([4])], attrs: {} },
      { inputs: [i32([2, 6], -9, 9), f32([6]), f32([6])], attrs: {} },
    ],
    call: (t, { only, ...options }: { only?: string; normalizedShape?: number[]; eps?: number }) =>
      ops.layerNorm(t[0] as Tensor, ...weightOf(t, only), options),
    reference: (
      [input, ...rest],
      a: { only?: string; normalizedShape?: number | number[]; eps?: number },
    ) => {
      const x = input as Nd;
      const lead = x.shape.length - (rest[0]?.shape ?? [a.normalizedShape].flat()).length;
      const [w, b] = a.only === "bias" ? [undefined, rest[0]] : rest;
      const normal = normalised(x, (i) => i.slice(0, lead).join(), a.eps);
      return affine(normal, w, b, (i) => i.slice(lead));
    },
    errors: [
      [
        () => ops.layerNorm(zeros([2, 3]), zeros([2])),
        "ShapeError",
        /normalizedShape \[2\] must be the last dimensions of the input \[2, 3\]/,
      ],
      [
        () => ops.layerNorm(zeros([2, 3]), zeros([3]), zeros([2])),
        "ShapeError",
        /layerNorm: bias must be \[3\], got \[2\]/,
      ],
      [() => ops.layerNorm(zeros([2, 3])), "ValueError", /give normalizedShape/],
      [() => ops.layerNorm(zeros([2]), zeros([2]), null, { eps: -1 }), "ValueError", /eps must be ≥ 0/],
    ],
  },
  rmsNorm: {
    samples: [
      { inputs: [f32([2, 3, 5]), f32([5])], attrs: { eps: 1e-3 } },
      { inputs: [f32([2, 2, 3]), f32([2, 3])], attrs: {} },
      { inputs: [f32([3, 4])], attrs: { normalizedShape: [4] } },
    ],
    call: ([x, w], options: object) => ops.rmsNorm(x as Tensor, w, options),
    reference: ([input, w], a: { normalizedShape?: number[]; eps?: number }) => {
      const x = input as Nd;
      const lead = x.shape.length - (w?.shape ?? a.normalizedShape ?? []).length;
      const normal = normalised(x, (i) => i.slice(0, lead).join(), a.eps ?? 2 ** -23, false);
      return affine(normal, w, undefined, (i) => i.slice(lead));
    },
    errors: [[() => ops.rmsNorm(zeros([2, 3])), "ValueError", /rmsNorm: give normalizedShape/]],
  },
  groupNorm: {
    samples: [
      { inputs: [f32([2, 4, 3]), f32([4]), f32([4])], attrs: { numGroups: 2 } },
      { inputs: [f32([1, 6, 2, 2])], attrs: { numGroups: 3 } },
      { inputs: [f32([2, 2, 2, 2]), f32([2])], attrs: { numGroups: 1, only: "weight" } },
      { inputs: [f32([1, 2, 5]), f32([2])], attrs: { numGroups: 2, only: "bias" } },
      { inputs: [f32([3, 4]), f32([4]), f32([4])], attrs: { numGroups: 2 } },
      { inputs: [exactly([0, 4, 2], []), f32([4]), f32([4])], attrs: { numGroups: 2 } },
    ],
    call: (t, { numGroups, only }: GroupAttrs) =>
      ops.groupNorm(t[0] as Tensor, ...weightOf(t, only), { numGroups }),
    reference: ([x, ...rest], { numGroups, only }: GroupAttrs) => {
      const [w, b] = only === "bias" ? [undefined, rest[0]] : rest;
      return affine(grouped(x as Nd, numGroups), w, b, channel);
    },
    errors: [
      [
        () => ops.groupNorm(zeros([2, 4, 2]), null, null, { numGroups: 3 }),
        "ShapeError",
        /numGroups must be a whole number ≥ 1 that divides the 4 channels, got 3/,
      ],
      [
        () => ops.groupNorm(zeros([2, 4, 2]), zeros([2]), null, { numGroups: 2 }),
        "ShapeError",
        /weight must be \[4\] for an input \[2, 4, 2\], got \[2\]/,
      ],
      [
        () => ops.groupNorm(zeros([1, 4]), null, null, { numGroups: 4 }),
        "ShapeError",
        /needs more than one value a group, got \[1, 4\] in 4 groups/,
      ],
      [() => ops.groupNorm(zeros([4]), null, null, { numGroups: 1 }), "ShapeError", /takes \[n, c, ...\]/],
    ],
  },
  instanceNorm: {
    samples: [
      { inputs: [f32([2, 3, 4]), f32([3]), f32([3])], attrs: true },
      { inputs: [f32([1, 2, 2, 3])], attrs: true },
      { inputs: [f32([2, 2, 3]), f32([2]), f32([2])], attrs: false },
    ],
    call: ([x, weight, bias], useInputStats: boolean) => {
      const c = (x as Tensor).shape[1] as number;
      const running = { runningMean: zeros([c]).add(0.5), runningVar: zeros([c]).add(2) };
      return ops.instanceNorm(x as Tensor, {
        weight: weight ?? null,
        bias: bias ?? null,
        useInputStats,
        ...(useInputStats ? {} : running),
      });
    },
    reference: ([x, w, b], useInputStats: boolean) => {
      const own = grouped(x as Nd, (x as Nd).shape[1] as number);
      const fixed = (x as Nd).data.map((v) => (v - 0.5) / Math.sqrt(2 + EPS));
      return affine(useInputStats ? own : nd((x as Nd).shape, fixed), w, b, channel);
    },
    errors: [
      [
        () => ops.instanceNorm(zeros([2, 3])),
        "ShapeError",
        /instanceNorm: takes \[n, c, ...\], got \[2, 3\]/,
      ],
      [() => ops.instanceNorm(zeros([2, 3, 1])), "ShapeError", /more than one value a channel/],
      [
        () => ops.instanceNorm(zeros([2, 3, 2]), { useInputStats: false }),
        "ValueError",
        /useInputStats: false needs runningMean and runningVar/,
      ],
      [
        () => ops.instanceNorm(zeros([2, 3, 2]), { runningMean: zeros([3]) }),
        "ValueError",
        /give runningMean and runningVar, or neither/,
      ],
      [
        () => {
          const integers = tensor([0, 0, 0], { dtype: "i32" });
          return ops.instanceNorm(zeros([2, 3, 2]), { runningMean: integers, runningVar: integers });
        },
        "DTypeError",
        /running estimates must be f32, got i32/,
      ],
    ],
  },
  localResponseNorm: {
    samples: [
      { inputs: [f32([2, 5, 3])], attrs: { size: 3, alpha: 0.5 } },
      { inputs: [f32([1, 4, 2, 2])], attrs: { size: 2, alpha: 1, beta: 0.5, k: 2 } },
      { inputs: [f32([1, 2, 3])], attrs: { size: 5 } },
    ],
    call: ([x], a: { size: number }) => ops.localResponseNorm(x as Tensor, a),
    reference: ([input], a: { size: number; alpha?: number; beta?: number; k?: number }) => {
      const x = input as Nd;
      const { size, alpha = 1e-4, beta = 0.75, k = 1 } = a;
      return fromFn(x.shape, ([n, c, ...rest]) => {
        let total = 0;
        for (let d = -Math.floor(size / 2); d <= Math.floor((size - 1) / 2); d++) {
          const other = (c as number) + d;
          if (other >= 0 && other < (x.shape[1] as number))
            total += at(x, [n as number, other, ...rest]) ** 2;
        }
        return at(x, [n as number, c as number, ...rest]) / (k + (alpha * total) / size) ** beta;
      });
    },
    errors: [
      [() => ops.localResponseNorm(zeros([2, 3]), { size: 1 }), "ShapeError", /takes \[n, c, l, ...\]/],
      [
        () => ops.localResponseNorm(zeros([2, 3, 2]), { size: 0 }),
        "ValueError",
        /size must be a whole number ≥ 1, got 0/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;
