import * as ops from "../../../src/ops/index.ts";
import { zeros, type Tensor } from "../../../src/index.ts";
import { at, fromFn, nd, padded, total, type Nd } from "../nd.ts";
import { f32, type OpSpec } from "../spec.ts";

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

/** A reference for batches that takes images too. */
const orImage =
  (op: typeof conv2d): typeof conv2d =>
  (x, w, b, g) => {
    if (x.shape.length === 4) return op(x, w, b, g);
    const out = op(nd([1, ...x.shape], x.data), w, b, g);
    return nd(out.shape.slice(1), out.data);
  };
const convImage = orImage(conv2d);
const convTransposeImage = orImage(convTranspose2d);

const row = (t: Nd | undefined): Nd | undefined =>
  t && nd([...t.shape.slice(0, -1), 1, ...t.shape.slice(-1)], t.data);
const flat = (t: Nd): Nd =>
  nd(
    t.shape.filter((_, d) => d !== t.shape.length - 2),
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
      { inputs: [f32([4, 5, 4]), f32([2, 2, 3, 2]), f32([2])], attrs: { padding: [1, 0], groups: 2 } },
    ],
    call: ([x, w, b], g: Geometry) => ops.conv2d(x as Tensor, w as Tensor, b, g),
    reference: ([x, w, b], g: Geometry) => convImage(x as Nd, w as Nd, b, g),
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
        () => ops.conv2d(zeros([4, 4]), zeros([1, 1, 3, 3])),
        "ShapeError",
        /takes an input \[n, c, h, w\] or \[c, h, w\] and a weight of 4 dimensions, got \[4, 4\] and/,
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
      { inputs: [f32([2, 3, 2]), f32([2, 3, 2, 3]), f32([3])], attrs: { stride: [2, 1], padding: [0, 1] } },
    ],
    call: ([x, w, b], g: Geometry) => ops.convTranspose2d(x as Tensor, w as Tensor, b, g),
    reference: ([x, w, b], g: Geometry) => convTransposeImage(x as Nd, w as Nd, b, g),
    errors: [
      [
        () => ops.convTranspose2d(zeros([1, 1, 1, 3, 3]), zeros([1, 1, 3, 3])),
        "ShapeError",
        /takes an input \[n, c, h, w\] or \[c, h, w\] and a weight of 4 dimensions/,
      ],
      [
        () => ops.convTranspose2d(zeros([1, 1, 3, 3]), zeros([1, 1, 3, 3]), null, { outputPadding: 1 }),
        "ValueError",
        /outputPadding 1 must be below the stride 1/,
      ],
    ],
  },
  conv1d: {
    samples: [
      { inputs: [f32([2, 3, 7]), f32([4, 3, 3]), f32([4])], attrs: { stride: 2, padding: 1 } },
      { inputs: [f32([3, 6]), f32([2, 3, 2]), f32([2])], attrs: { stride: 1, padding: 2 } },
    ],
    call: ([x, w, b], g: object) => ops.conv1d(x as Tensor, w as Tensor, b, g),
    reference: ([x, w, b], { stride, padding }: { stride: number; padding: number }) =>
      flat(convImage(row(x) as Nd, row(w) as Nd, b, { stride: [1, stride], padding: [0, padding] })),
    errors: [
      [
        () => ops.conv1d(zeros([7]), zeros([4, 3, 3])),
        "ShapeError",
        /takes an input \[n, c, l\] or \[c, l\] and a weight of 3 dimensions, got \[7\] and/,
      ],
    ],
  },
  convTranspose1d: {
    samples: [
      { inputs: [f32([1, 2, 4]), f32([2, 3, 3])], attrs: { stride: 2, padding: 1, outputPadding: 1 } },
      { inputs: [f32([2, 3]), f32([2, 1, 4])], attrs: { stride: 2, padding: 1, outputPadding: 1 } },
    ],
    call: ([x, w], g: object) => ops.convTranspose1d(x as Tensor, w as Tensor, null, g),
    reference: ([x, w]) =>
      flat(
        convTransposeImage(row(x) as Nd, row(w) as Nd, undefined, {
          stride: [1, 2],
          padding: [0, 1],
          outputPadding: [0, 1],
        }),
      ),
    errors: [
      [() => ops.convTranspose1d(zeros([7]), zeros([4, 3, 3])), "ShapeError", /takes an input \[n, c, l\]/],
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
