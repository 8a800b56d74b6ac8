import { draw, pixel, type Pictures } from "./pictures.ts";

/** What operations on images give, in double precision and without the library. */

const clamp = (x: number): number => Math.min(1, Math.max(0, x));
const LIGHT = [0.2989, 0.587, 0.114];
export type Row = readonly number[];
/** What an operation makes of one sample, in plain numbers. */
export type Reference = (x: Pictures, args: Row, all: Pictures) => Pictures;

export const sizeOf = ({ shape }: Pictures): [number, number] => [shape[2], shape[3]];
const mapped = (x: Pictures, f: (value: number) => number): Pictures => ({
  shape: x.shape,
  data: Array.from(x.data, f),
});
const planes = (x: Pictures): number[][] => {
  const [n, c, h, w] = x.shape;
  return Array.from({ length: n * c }, (_, i) => Array.from(x.data).slice(i * h * w, (i + 1) * h * w));
};
const ofPlanes = (x: Pictures, list: readonly number[][]): Pictures => ({
  shape: x.shape,
  data: list.flat(),
});
const grey = (x: Pictures): number[] => {
  const list = planes(x);
  if (list.length !== 3) return list[0] as number[];
  return (list[0] as number[]).map((_, i) =>
    LIGHT.reduce((sum, part, c) => sum + part * ((list[c] as number[])[i] as number), 0),
  );
};

/** The bilinear or nearest value at (y, x) of a plane, `fill` outside. */
function sample(p: Pictures, c: number, y: number, x: number, bilinear: boolean, fill: number): number {
  const even = (v: number): number => {
    const low = Math.floor(v);
    if (v - low === 0.5) return low % 2 === 0 ? low : low + 1;
    return Math.round(v);
  };
  if (!bilinear) return pixel(p, 0, c, even(y), even(x), fill);
  const [top, left] = [Math.floor(y), Math.floor(x)];
  let sum = 0;
  for (const [i, wy] of [
    [top, 1 - (y - top)],
    [top + 1, y - top],
  ] as const) {
    for (const [j, wx] of [
      [left, 1 - (x - left)],
      [left + 1, x - left],
    ] as const)
      sum += wy * wx * pixel(p, 0, c, i, j, fill);
  }
  return sum;
}

const warp =
  (bilinear: boolean): Reference =>
  (x, [a, b, tx, c, d, ty, fill]) => {
    const [h, w] = sizeOf(x);
    return draw(x, [h, w], (_, channel, i, j) => {
      const [u, v] = [j + 0.5 - w / 2, i + 0.5 - h / 2];
      const px = (a as number) * u + (b as number) * v + (tx as number) + w / 2 - 0.5;
      const py = (c as number) * u + (d as number) * v + (ty as number) + h / 2 - 0.5;
      return sample(x, channel, py, px, bilinear, fill as number);
    });
  };

/** Weights of PyTorch's antialiased bilinear resizing: [source, weight] of each result. */
export function triangle(size: number, count: number, antialias: boolean): [number, number][][] {
  const scale = size / count;
  const support = antialias ? Math.max(1, scale) : 1;
  return Array.from({ length: count }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const list = Array.from({ length: size }, (__, j): [number, number] => [
      j,
      Math.max(0, 1 - Math.abs(j + 0.5 - centre) / support),
    ]);
    const total = list.reduce((sum, [, weight]) => sum + weight, 0);
    return list.filter(([, weight]) => weight > 0).map(([j, weight]) => [j, weight / total]);
  });
}

function toHsv([r, g, b]: readonly number[]): [number, number, number] {
  const [red, green, blue] = [r as number, g as number, b as number];
  const most = Math.max(red, green, blue);
  const span = most - Math.min(red, green, blue);
  if (span === 0) return [0, 0, most];
  const [rc, gc, bc] = [red, green, blue].map((v) => (most - v) / span) as [number, number, number];
  const sixths = most === red ? bc - gc : most === green ? 2 + rc - bc : 4 + gc - rc;
  return [(((sixths / 6) % 1) + 1) % 1, span / most, most];
}

function toRgb([h, s, v]: readonly [number, number, number]): number[] {
  const i = Math.floor(h * 6);
  const f = h * 6 - i;
  const [p, q, t] = [v * (1 - s), v * (1 - s * f), v * (1 - s * (1 - f))];
  return [
    [v, t, p],
    [q, v, p],
    [p, v, t],
    [p, q, v],
    [t, p, v],
    [v, p, q],
  ][((i % 6) + 6) % 6] as number[];
}

/** By torchvision's definitions: what the kernel calls each, and whether it may go on with what it wrote. */
export const REFERENCES: Readonly<Record<string, { code: number; of: Reference; inPlace?: boolean }>> = {
  copy: { code: 0, of: (x) => x, inPlace: true },
  nearest: { code: 2, of: warp(false) },
  bilinear: { code: 3, of: warp(true) },
  erase: {
    code: 5,
    inPlace: true,
    of: (x, [top = 0, left = 0, h = 0, w = 0, value = 0]) =>
      draw(x, sizeOf(x), (_, c, i, j) =>
        i >= top && i < top + h && j >= left && j < left + w ? value : pixel(x, 0, c, i, j),
      ),
  },
  paste: {
    code: 6,
    inPlace: true,
    of: (x, [top = 0, left = 0, h = 0, w = 0, other = 0], all) =>
      draw(x, sizeOf(x), (_, c, i, j) =>
        i >= top && i < top + h && j >= left && j < left + w
          ? pixel(all, other, c, i, j)
          : pixel(x, 0, c, i, j),
      ),
  },
  mix: {
    code: 7,
    inPlace: true,
    of: (x, [weight = 0, other = 0], all) =>
      draw(
        x,
        sizeOf(x),
        (_, c, i, j) => weight * pixel(x, 0, c, i, j) + (1 - weight) * pixel(all, other, c, i, j),
      ),
  },
  brightness: { code: 8, inPlace: true, of: (x, [f = 1]) => mapped(x, (v) => clamp(v * f)) },
  contrast: {
    code: 9,
    inPlace: true,
    of: (x, [f = 1]) => {
      const light = grey(x);
      const mean = light.reduce((a, b) => a + b, 0) / light.length;
      return mapped(x, (v) => clamp(f * v + (1 - f) * mean));
    },
  },
  saturation: {
    code: 10,
    inPlace: true,
    of: (x, [f = 1]) => {
      const light = grey(x);
      return ofPlanes(
        x,
        planes(x).map((plane) => plane.map((v, i) => clamp(f * v + (1 - f) * (light[i] as number)))),
      );
    },
  },
  hue: {
    code: 11,
    inPlace: true,
    of: (x, [shift = 0]) => {
      const list = planes(x);
      const turned = (list[0] as number[]).map((_, i) => {
        const [h, s, v] = toHsv(list.map((plane) => plane[i] as number));
        return toRgb([(((h + shift) % 1) + 1) % 1, s, v]);
      });
      return ofPlanes(
        x,
        list.map((__, c) => turned.map((rgb) => rgb[c] as number)),
      );
    },
  },
  solarize: { code: 12, inPlace: true, of: (x, [t = 0]) => mapped(x, (v) => (v >= t ? 1 - v : v)) },
  posterize: {
    code: 13,
    inPlace: true,
    of: (x, [n = 1]) => mapped(x, (v) => Math.min(n - 1, Math.max(0, Math.floor(v * n))) / n),
  },
  autocontrast: {
    code: 14,
    inPlace: true,
    of: (x) =>
      ofPlanes(
        x,
        planes(x).map((plane) => {
          const [low, high] = [Math.min(...plane), Math.max(...plane)];
          return low === high ? plane.map(clamp) : plane.map((v) => clamp((v - low) / (high - low)));
        }),
      ),
  },
  equalize: {
    code: 15,
    inPlace: true,
    of: (x) =>
      ofPlanes(
        x,
        planes(x).map((plane) => {
          const bytes = plane.map((v) => Math.floor(clamp(v) * Math.fround(255.999)));
          const counts = Array.from({ length: 256 }, (_, at) => bytes.filter((v) => v === at).length);
          const top = Math.max(...bytes);
          const step = Math.floor((plane.length - (counts[top] as number)) / 255);
          if (step === 0) return plane;
          const under = (v: number): number => counts.slice(0, v).reduce((a, b) => a + b, 0);
          return bytes.map((v) => Math.min(255, Math.floor((under(v) + Math.floor(step / 2)) / step)) / 255);
        }),
      ),
  },
  sharpen: {
    code: 16,
    of: (x, [f = 1]) => {
      const [h, w] = sizeOf(x);
      return draw(x, [h, w], (_, c, i, j) => {
        const centre = pixel(x, 0, c, i, j);
        if (i === 0 || j === 0 || i === h - 1 || j === w - 1) return centre;
        let smooth = 4 * centre;
        for (const di of [-1, 0, 1]) for (const dj of [-1, 0, 1]) smooth += pixel(x, 0, c, i + di, j + dj);
        return clamp(f * centre + ((1 - f) * smooth) / 13);
      });
    },
  },
};
