import * as ops from "../../../src/ops/index.ts";
import { tensor, zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, map, matmul, nd, padded, permute, reduce, zip, type Nd } from "../nd.ts";
import { bool, exactly, f32, i32, type OpSpec, type Sample } from "../spec.ts";
import { one } from "./elementwise.ts";

interface Along {
  readonly dim?: number | readonly number[];
  readonly keepdim?: boolean;
}

const HOW: readonly Along[] = [{}, { dim: 0 }, { dim: -1, keepdim: true }, { dim: [0, 2] }, { dim: [0, 1] }];

function reducer(
  op: (x: Tensor, how: Along) => Tensor,
  f: (values: number[]) => number,
  options: Partial<OpSpec> & { input?: (shape: readonly number[]) => Sample["inputs"][number] } = {},
): OpSpec {
  const { input = (shape: readonly number[]) => f32(shape), ...rest } = options;
  return {
    samples: [
      ...HOW.map((how) => ({ inputs: [input([2, 3, 4])], attrs: how })),
      { inputs: [input([37])], attrs: {} },
      { inputs: [input([])], attrs: {} },
      { inputs: [input([3, 17])], attrs: { dim: 1 } },
    ],
    call: ([x], how: Along) => op(x as Tensor, how),
    reference: ([x], how: Along) => reduce(x as Nd, how, f),
    errors: [
      [() => op(zeros([2, 3]), { dim: 2 }), "ShapeError", /dim 2 is outside \[-2, 1\] of a tensor of rank 2/],
      [() => op(zeros([2, 3]), { dim: [0, 0] }), "ShapeError", /dim 0 appears twice/],
    ],
    ...rest,
  };
}

const total = (values: number[]): number => values.reduce((a, b) => a + b, 0);
const average = (values: number[]): number => total(values) / values.length;
const spreadOf = (values: number[], correction = 1): number => {
  const m = average(values);
  return total(values.map((v) => (v - m) * (v - m))) / Math.max(0, values.length - correction);
};
const position = (values: number[], better: (a: number, b: number) => boolean): number =>
  values.reduce((best, v, i) => (better(v, values[best] as number) ? i : best), 0);
const empties: Sample[] = [
  { inputs: [exactly([0, 3], [])], attrs: { dim: 0 } },
  { inputs: [exactly([2, 0], [])], attrs: { dim: 0 } },
];
const nothing = (op: (x: Tensor, how: Along) => Tensor, name: string): NonNullable<OpSpec["errors"]> => [
  [() => op(zeros([0, 3]), { dim: 0 }), "ShapeError", new RegExp(`${name}: nothing to reduce: \\[0, 3\\]`)],
];
const withoutScalar = (spec: OpSpec): OpSpec => ({
  ...spec,
  samples: spec.samples.filter((s) => s.inputs[0]?.shape.length !== 0),
});
const varOf = reducer(ops.var, (v) => spreadOf(v));

function argReducer(
  op: (x: Tensor, how: { dim?: number }) => Tensor,
  name: string,
  better: (a: number, b: number) => boolean,
): OpSpec {
  return {
    samples: [
      { inputs: [f32([2, 3, 4])], attrs: { dim: 1 } },
      { inputs: [f32([23])], attrs: {} },
      { inputs: [i32([3, 9], 0, 3)], attrs: { dim: -1 } },
      { inputs: [exactly([2, 3], [1, NaN, 3, NaN, NaN, 0])], attrs: { dim: 1 } },
    ],
    call: ([x], how: { dim?: number }) => op(x as Tensor, how),
    reference: ([x], how: { dim?: number }) =>
      reduce(x as Nd, how, (v) =>
        position(v, (a, b) => better(a, b) || (Number.isNaN(a) && !Number.isNaN(b))),
      ),
    dtype: "i32",
    gradients: [],
    errors: nothing(op as (x: Tensor, how: Along) => Tensor, name),
  };
}

export const reduceSpecs = {
  sum: (() => {
    const spec = reducer(ops.sum, total);
    return { ...spec, samples: [...spec.samples, ...empties] };
  })(),
  mean: reducer(ops.mean, average),
  prod: reducer(ops.prod, (v) => v.reduce((a, b) => a * b, 1), { input: (shape) => f32(shape, 0.5, 1.5) }),
  amax: reducer(ops.amax, (v) => Math.max(...v), { errors: nothing(ops.amax, "amax") }),
  amin: reducer(ops.amin, (v) => Math.min(...v), { errors: nothing(ops.amin, "amin") }),
  var: withoutScalar(varOf),
  std: withoutScalar({ ...reducer(ops.std, (v) => Math.sqrt(spreadOf(v))) }),
  logsumexp: reducer(ops.logsumexp, (v) => Math.log(total(v.map(Math.exp)))),
  any: reducer(ops.any, (v) => Number(v.some((x) => x !== 0)), { input: bool, dtype: "bool", gradients: [] }),
  all: reducer(ops.all, (v) => Number(v.every((x) => x !== 0)), {
    input: bool,
    dtype: "bool",
    gradients: [],
  }),
  argmax: argReducer(ops.argmax, "argmax", (a, b) => a > b),
  argmin: argReducer(ops.argmin, "argmin", (a, b) => a < b),
} satisfies Record<string, OpSpec>;

const normalised = (x: Nd, dim: number, log: boolean): Nd => {
  const d = dim < 0 ? dim + x.shape.length : dim;
  const lse = reduce(x, { dim: d, keepdim: true }, (v) => Math.log(total(v.map(Math.exp))));
  const out = zip(x, lse, (a, b) => a - b);
  return log ? out : map(out, Math.exp);
};

const DIMS: readonly Sample[] = [
  { inputs: [f32([3, 5])], attrs: -1 },
  { inputs: [f32([3, 5])], attrs: 0 },
  { inputs: [f32([2, 3, 4])], attrs: 1 },
];

export const softmaxSpecs = {
  softmax: {
    samples: DIMS,
    call: ([x], dim: number) => ops.softmax(x as Tensor, { dim }),
    reference: ([x], dim: number) => normalised(x as Nd, dim, false),
    errors: [[() => ops.softmax(one(), { dim: 1 }), "ShapeError", /softmax: dim 1 is outside \[-1, 0\]/]],
  },
  logSoftmax: {
    samples: DIMS,
    call: ([x], dim: number) => ops.logSoftmax(x as Tensor, { dim }),
    reference: ([x], dim: number) => normalised(x as Nd, dim, true),
    errors: [[() => ops.logSoftmax(one(), { dim: 3 }), "ShapeError", /logSoftmax: dim 3 is outside/]],
  },
} satisfies Record<string, OpSpec>;

const transposed = (x: Nd): Nd =>
  permute(x, [...x.shape.keys()].slice(0, -2).concat(x.shape.length - 1, x.shape.length - 2));

export const matmulSpecs = {
  matmul: {
    samples: [
      { inputs: [f32([3, 4]), f32([4, 5])] },
      { inputs: [f32([2, 3, 4]), f32([2, 4, 2])] },
      { inputs: [f32([2, 1, 2, 3]), f32([3, 3, 2])] },
      { inputs: [f32([2, 2, 3]), f32([3, 2])] },
      { inputs: [f32([1, 9]), f32([9, 17])] },
      { inputs: [f32([3, 0]), f32([0, 2])] },
    ],
    call: ([x, y]) => ops.matmul(x as Tensor, y as Tensor),
    reference: ([x, y]) => matmul(x as Nd, y as Nd),
    errors: [
      [
        () => ops.matmul(zeros([2, 3]), zeros([4, 5])),
        "ShapeError",
        /^matmul: inner dimensions differ, \[2, 3\] · \[4, 5\] \(3 ≠ 4\)$/,
      ],
      [() => ops.matmul(zeros([]), zeros([2])), "ShapeError", /operands need a dimension/],
    ],
  },
  linear: {
    samples: [
      { inputs: [f32([3, 4]), f32([5, 4]), f32([5])] },
      { inputs: [f32([2, 2, 3]), f32([4, 3])] },
      { inputs: [f32([3]), f32([2, 3]), f32([2])] },
    ],
    call: ([x, w, b]) => ops.linear(x as Tensor, w as Tensor, b),
    reference: ([x, w, b]) => {
      const source = x as Nd;
      const rows = source.shape.length === 1 ? nd([1, ...source.shape], source.data) : source;
      const out = matmul(rows, transposed(w as Nd));
      const biased = b ? zip(out, b, (v, c) => v + c) : out;
      return nd([...source.shape.slice(0, -1), (w as Nd).shape[0] as number], biased.data);
    },
    errors: [
      [
        () => ops.linear(zeros([2, 3]), zeros([4, 5])),
        "ShapeError",
        /input's last dimension must be the weight's second, got \[2, 3\] and weight \[4, 5\]/,
      ],
      [
        () => ops.linear(zeros([2, 3]), zeros([4, 3]), zeros([3])),
        "ShapeError",
        /bias must be \[4\], got \[3\]/,
      ],
    ],
  },
  outer: {
    samples: [{ inputs: [f32([3]), f32([4])] }],
    call: ([x, y]) => ops.outer(x as Tensor, y as Tensor),
    reference: ([x, y]) =>
      fromFn([3, 4], ([i, j]) => at(x as Nd, [i as number]) * at(y as Nd, [j as number])),
    errors: [[() => ops.outer(zeros([2, 2]), zeros([2])), "ShapeError", /takes two vectors/]],
  },
} satisfies Record<string, OpSpec>;

interface Geometry {
  readonly stride?: readonly [number, number];
  readonly padding?: readonly [number, number];
  readonly dilation?: readonly [number, number];
  readonly groups?: number;
  readonly outputPadding?: readonly [number, number];
}

function conv2d(x: Nd, w: Nd, b: Nd | undefined, g: Geometry): Nd {
  const {
    stride: [sh, sw] = [1, 1],
    padding: [ph, pw] = [0, 0],
    dilation: [dh, dw] = [1, 1],
    groups = 1,
  } = g;
  const [n, , h, width] = x.shape as [number, number, number, number];
  const [o, per, kh, kw] = w.shape as [number, number, number, number];
  const oh = Math.floor((h + 2 * ph - dh * (kh - 1) - 1) / sh) + 1;
  const ow = Math.floor((width + 2 * pw - dw * (kw - 1) - 1) / sw) + 1;
  return fromFn([n, o, oh, ow], ([i, c, y, z]) => {
    let sum = b ? at(b, [c as number]) : 0;
    const first = Math.floor((c as number) / (o / groups)) * per;
    for (let p = 0; p < per; p++) {
      for (let u = 0; u < kh; u++) {
        for (let v = 0; v < kw; v++) {
          const pixel = padded(x, [
            i as number,
            first + p,
            (y as number) * sh + u * dh - ph,
            (z as number) * sw + v * dw - pw,
          ]);
          sum += pixel * at(w, [c as number, p, u, v]);
        }
      }
    }
    return sum;
  });
}

/** Every input element sends its taps to where the forward convolution would have read them. */
function convTranspose2d(x: Nd, w: Nd, b: Nd | undefined, g: Geometry): Nd {
  const {
    stride: [sh, sw] = [1, 1],
    padding: [ph, pw] = [0, 0],
    dilation: [dh, dw] = [1, 1],
    groups = 1,
    outputPadding: [eh, ew] = [0, 0],
  } = g;
  const [n, c, h, width] = x.shape as [number, number, number, number];
  const [, per, kh, kw] = w.shape as [number, number, number, number];
  const oh = (h - 1) * sh - 2 * ph + dh * (kh - 1) + eh + 1;
  const ow = (width - 1) * sw - 2 * pw + dw * (kw - 1) + ew + 1;
  return fromFn([n, per * groups, oh, ow], ([i, o, y, z]) => {
    let sum = b ? at(b, [o as number]) : 0;
    const group = Math.floor((o as number) / per);
    for (let p = 0; p < c / groups; p++) {
      const channel = group * (c / groups) + p;
      for (let u = 0; u < kh; u++) {
        for (let v = 0; v < kw; v++) {
          const [a, e] = [(y as number) + ph - u * dh, (z as number) + pw - v * dw];
          if (a % sh !== 0 || e % sw !== 0) continue;
          sum +=
            padded(x, [i as number, channel, a / sh, e / sw]) * at(w, [channel, (o as number) % per, u, v]);
        }
      }
    }
    return sum;
  });
}

const row = (t: Nd | undefined): Nd | undefined =>
  t && nd([...t.shape.slice(0, 2), 1, ...t.shape.slice(2)], t.data);
const flat = (t: Nd): Nd =>
  nd(
    t.shape.filter((_, d) => d !== 2),
    t.data,
  );

interface Window extends Geometry {
  readonly kernelSize: readonly [number, number];
  readonly ceilMode?: boolean;
  readonly countIncludePad?: boolean;
  readonly divisorOverride?: number;
}

function pool(x: Nd, w: Window, f: (inside: number[], cells: number) => number): Nd {
  const {
    kernelSize: [kh, kw],
    stride: [sh, sw] = w.kernelSize,
    padding: [ph, pw] = [0, 0],
    dilation: [dh, dw] = [1, 1],
  } = w;
  const [h, width] = x.shape.slice(-2) as [number, number];
  const size = (n: number, k: number, s: number, p: number, d: number): number => {
    const room = (n + 2 * p - d * (k - 1) - 1) / s;
    const out = (w.ceilMode ? Math.ceil(room) : Math.floor(room)) + 1;
    return w.ceilMode && (out - 1) * s >= n + p ? out - 1 : out;
  };
  const [oh, ow] = [size(h, kh, sh, ph, dh), size(width, kw, sw, pw, dw)];
  return fromFn([...x.shape.slice(0, -2), oh, ow], (index) => {
    const lead = index.slice(0, -2);
    const [y, z] = index.slice(-2) as [number, number];
    const inside: number[] = [];
    let cells = 0;
    for (let u = 0; u < kh; u++) {
      for (let v = 0; v < kw; v++) {
        const [a, e] = [y * sh + u * dh - ph, z * sw + v * dw - pw];
        // A window that ceilMode lets stick out counts its cells up to the trailing padding only.
        if (a < h + ph && e < width + pw) cells++;
        if (a >= 0 && a < h && e >= 0 && e < width) inside.push(at(x, [...lead, a, e]));
      }
    }
    return f(inside, cells);
  });
}

export const convSpecs = {
  conv2d: {
    samples: [
      { inputs: [f32([2, 3, 5, 6]), f32([4, 3, 3, 3]), f32([4])], attrs: { padding: [1, 1] } },
      {
        inputs: [f32([1, 4, 7, 5]), f32([6, 2, 3, 2]), f32([6])],
        attrs: { stride: [2, 1], padding: [1, 0], groups: 2 },
      },
      { inputs: [f32([1, 2, 7, 7]), f32([2, 2, 2, 2])], attrs: { dilation: [2, 3], stride: [1, 2] } },
      { inputs: [f32([1, 1, 3, 3]), f32([1, 1, 2, 2])], attrs: {} },
      { inputs: [f32([1, 3, 4, 4]), f32([3, 1, 3, 3]), f32([3])], attrs: { padding: [1, 1], groups: 3 } },
      { inputs: [f32([2, 3, 4, 4]), f32([5, 3, 1, 1])], attrs: {} },
    ],
    call: ([x, w, b], g: Geometry) => ops.conv2d(x as Tensor, w as Tensor, b, g),
    reference: ([x, w, b], g: Geometry) => conv2d(x as Nd, w as Nd, b, g),
    errors: [
      [
        () => ops.conv2d(zeros([1, 3, 4, 4]), zeros([2, 2, 3, 3])),
        "ShapeError",
        /weight \[2, 2, 3, 3\] with groups 1 takes 2 input channels, the input \[1, 3, 4, 4\] has 3/,
      ],
      [
        () => ops.conv2d(zeros([1, 1, 2, 2]), zeros([1, 1, 3, 3])),
        "ShapeError",
        /the kernel spans 3 × 3, the padded input only 2 × 2/,
      ],
      [
        () => ops.conv2d(zeros([1, 1, 4, 4]), zeros([1, 1, 3, 3]), null, { stride: 0 }),
        "ValueError",
        /stride must be whole numbers ≥ 1, got 0/,
      ],
      [
        () => ops.conv2d(zeros([1, 1, 4, 4]), zeros([1, 1, 3, 3]), null, { padding: -1 }),
        "ValueError",
        /padding must be whole numbers ≥ 0, got -1/,
      ],
      [
        () => ops.conv2d(zeros([1, 4, 4]), zeros([1, 1, 3, 3])),
        "ShapeError",
        /takes an input \[n, c, h, w\]/,
      ],
    ],
  },
  convTranspose2d: {
    samples: [
      {
        inputs: [f32([2, 3, 3, 4]), f32([3, 2, 3, 3]), f32([2])],
        attrs: { stride: [2, 2], padding: [1, 1], outputPadding: [1, 0] },
      },
      { inputs: [f32([1, 4, 3, 3]), f32([4, 1, 2, 2])], attrs: { groups: 2, dilation: [2, 1] } },
    ],
    call: ([x, w, b], g: Geometry) => ops.convTranspose2d(x as Tensor, w as Tensor, b, g),
    reference: ([x, w, b], g: Geometry) => convTranspose2d(x as Nd, w as Nd, b, g),
    errors: [
      [
        () => ops.convTranspose2d(zeros([1, 1, 3, 3]), zeros([1, 1, 3, 3]), null, { outputPadding: 1 }),
        "ValueError",
        /outputPadding 1 must be below the stride 1/,
      ],
    ],
  },
  conv1d: {
    samples: [{ inputs: [f32([2, 3, 7]), f32([4, 3, 3]), f32([4])], attrs: { stride: 2, padding: 1 } }],
    call: ([x, w, b], g: object) => ops.conv1d(x as Tensor, w as Tensor, b, g),
    reference: ([x, w, b], { stride, padding }: { stride: number; padding: number }) =>
      flat(conv2d(row(x) as Nd, row(w) as Nd, b, { stride: [1, stride], padding: [0, padding] })),
    errors: [[() => ops.conv1d(zeros([3, 7]), zeros([4, 3, 3])), "ShapeError", /takes an input \[n, c, l\]/]],
  },
  convTranspose1d: {
    samples: [
      { inputs: [f32([1, 2, 4]), f32([2, 3, 3])], attrs: { stride: 2, padding: 1, outputPadding: 1 } },
    ],
    call: ([x, w], g: object) => ops.convTranspose1d(x as Tensor, w as Tensor, null, g),
    reference: ([x, w]) =>
      flat(
        convTranspose2d(row(x) as Nd, row(w) as Nd, undefined, {
          stride: [1, 2],
          padding: [0, 1],
          outputPadding: [0, 1],
        }),
      ),
    errors: [
      [
        () => ops.convTranspose1d(zeros([3, 7]), zeros([4, 3, 3])),
        "ShapeError",
        /takes an input \[n, c, l\]/,
      ],
    ],
  },
  maxPool2d: {
    samples: [
      { inputs: [f32([2, 2, 6, 4])], attrs: { kernelSize: [2, 2] } },
      { inputs: [f32([1, 2, 5, 7])], attrs: { kernelSize: [3, 2], stride: [2, 1], padding: [1, 1] } },
      { inputs: [f32([1, 5, 5])], attrs: { kernelSize: [2, 2], stride: [2, 2], ceilMode: true } },
      { inputs: [f32([1, 1, 6, 6])], attrs: { kernelSize: [2, 2], dilation: [2, 2], stride: [1, 1] } },
    ],
    call: ([x], w: Window) => ops.maxPool2d(x as Tensor, w),
    reference: ([x], w: Window) => pool(x as Nd, w, (v) => Math.max(...v)),
    errors: [
      [
        () => ops.maxPool2d(zeros([1, 1, 2, 2]), { kernelSize: 3 }),
        "ShapeError",
        /a window of 3 does not fit into 2/,
      ],
      [
        () => ops.maxPool2d(zeros([1, 1, 4, 4]), { kernelSize: 2, padding: 2 }),
        "ValueError",
        /padding 2 is more than half the window of 2/,
      ],
    ],
  },
  avgPool2d: {
    samples: [
      { inputs: [f32([2, 2, 6, 4])], attrs: { kernelSize: [2, 2] } },
      {
        inputs: [f32([1, 2, 5, 7])],
        attrs: { kernelSize: [3, 2], stride: [2, 1], padding: [1, 1], countIncludePad: false },
      },
      {
        inputs: [f32([1, 1, 5, 5])],
        attrs: { kernelSize: [2, 2], stride: [2, 2], ceilMode: true, padding: [1, 1] },
      },
      { inputs: [f32([1, 1, 4, 4])], attrs: { kernelSize: [2, 2], divisorOverride: 3 } },
    ],
    call: ([x], w: Window) => ops.avgPool2d(x as Tensor, w),
    reference: ([x], w: Window) =>
      pool(
        x as Nd,
        w,
        (v, cells) => total(v) / (w.divisorOverride ?? (w.countIncludePad === false ? v.length : cells)),
      ),
    errors: [
      [
        () => ops.avgPool2d(zeros([4, 4]), { kernelSize: 2 }),
        "ShapeError",
        /takes \[n, c, h, w\] or \[c, h, w\], got \[4, 4\]/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;

const perChannel = (x: Nd, f: (c: number) => number): Nd => fromFn(x.shape, (index) => f(index[1] as number));

export const normSpecs = {
  batchNorm: {
    samples: [
      { inputs: [f32([4, 3]), f32([3]), f32([3])], attrs: true },
      { inputs: [f32([2, 2, 2, 2])], attrs: true },
      { inputs: [f32([2, 3, 5]), f32([3]), f32([3])], attrs: false },
    ],
    call: ([x, weight, bias], training: boolean) => {
      const c = (x as Tensor).shape[1] as number;
      const running = (v: number): Tensor => zeros([c]).add(v);
      return ops.batchNorm(x as Tensor, {
        ...(weight ? { weight, bias: bias as Tensor } : {}),
        ...(training ? {} : { runningMean: running(0.5), runningVar: running(2) }),
        training,
      });
    },
    reference: ([input, weight, bias], training: boolean) => {
      const x = input as Nd;
      const dims = x.shape.map((_, d) => d).filter((d) => d !== 1);
      const mean = reduce(x, { dim: dims }, average);
      const variance = reduce(x, { dim: dims }, (v) => spreadOf(v, 0));
      const m = perChannel(x, (c) => (training ? (mean.data[c] as number) : 0.5));
      const v = perChannel(x, (c) => (training ? (variance.data[c] as number) : 2));
      const normal = zip(
        zip(x, m, (a, b) => a - b),
        v,
        (a, b) => a / Math.sqrt(b + 1e-5),
      );
      if (!weight || !bias) return normal;
      return fromFn(
        x.shape,
        (i) => at(normal, i) * at(weight, [i[1] as number]) + at(bias, [i[1] as number]),
      );
    },
    errors: [
      [
        () => ops.batchNorm(zeros([4, 3]), { training: true, weight: zeros([2]), bias: zeros([2]) }),
        "ShapeError",
        /weight must be \[3\] for an input \[4, 3\], got \[2\]/,
      ],
      [() => ops.batchNorm(zeros([4, 3])), "ValueError", /eval mode needs runningMean and runningVar/],
      [
        () => ops.batchNorm(zeros([1, 3]), { training: true }),
        "ShapeError",
        /more than one value per channel/,
      ],
    ],
  },
  dropout: {
    samples: [
      { inputs: [f32([2, 3])], attrs: { p: 0 } },
      { inputs: [f32([3])], attrs: { p: 0.5, training: false } },
      { inputs: [f32([3])], attrs: { p: 1 } },
    ],
    call: ([x], a: object) => ops.dropout(x as Tensor, a),
    reference: ([x], { p, training }: { p: number; training?: boolean }) =>
      map(x as Nd, (v) => (p === 1 && training !== false ? 0 : v)),
    errors: [[() => ops.dropout(one(), { p: 1.5 }), "ValueError", /p must lie in \[0, 1\], got 1.5/]],
  },
} satisfies Record<string, OpSpec>;

type Reduction = "mean" | "sum" | "none";

const reduced = (x: Nd, reduction: Reduction = "mean"): Nd =>
  reduction === "none" ? x : reduce(x, {}, reduction === "sum" ? total : average);

function elementwise(
  op: (x: Tensor, t: Tensor, a: object) => Tensor,
  f: (x: number, t: number) => number,
  extra: object = {},
): OpSpec {
  return {
    samples: (["mean", "sum", "none"] as const).map((reduction) => ({
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
    reference: ([x, t, weight], a: ClassAttrs) => classLoss(normalised(x as Nd, 1, true), t as Nd, weight, a),
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
    errors: [[() => ops.nllLoss(zeros([2, 3]), out()), "IndexError", /target 7 at position 1/]],
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
