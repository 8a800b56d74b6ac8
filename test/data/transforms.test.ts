import { afterEach, describe, expect, it } from "vitest";
import { noGrad } from "../../src/autograd/mode.ts";
import { compose, transforms as t, type BatchTransform, type Transform } from "../../src/data/index.ts";
import { DTypeError, ShapeError, ValueError } from "../../src/errors.ts";
import { clone, permute } from "../../src/ops/movement.ts";
import { tensor, zeros } from "../../src/tensor/create.ts";
import type { DType } from "../../src/tensor/dtype.ts";
import { heap } from "../../src/wasm/engine.ts";
import { expectClose } from "../kernels/buffers.ts";
import { context, draw, pictures, pixel, run, samples, type Pictures } from "./pictures.ts";
import { REFERENCES, triangle } from "./references.ts";

afterEach(() => expect(heap().stats.live).toBe(0));

const x = pictures(7, 3, 9, 10);
const flat = ({ data }: Pictures): number[] => Array.from(data);
const f32 = (from: Pictures): number[] => Array.from(Float32Array.from(from.data));

/** All random transforms of one tensor. */
const RANDOM: Readonly<Record<string, Transform>> = {
  randomHorizontalFlip: t.randomHorizontalFlip(),
  randomVerticalFlip: t.randomVerticalFlip(),
  randomCrop: t.randomCrop([8, 9], { padding: 2 }),
  randomCropReflect: t.randomCrop(9, { padding: [3, 2], paddingMode: "reflect" }),
  randomResizedCrop: t.randomResizedCrop(8),
  randomRotation: t.randomRotation(30),
  randomAffine: t.randomAffine(20, {
    translate: [0.2, 0.1],
    scale: [0.8, 1.2],
    shear: [
      [-5, 5],
      [0, 3],
    ],
    interpolation: "bilinear",
  }),
  colorJitter: t.colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.2 }),
  randomGrayscale: t.randomGrayscale({ p: 0.5 }),
  randomErasing: t.randomErasing({ p: 0.9 }),
  cutout: t.cutout(4),
  gaussianNoise: t.gaussianNoise(),
  gaussianBlur: t.gaussianBlur(5),
  randAugment: t.randAugment({ magnitude: 20 }),
  timeMask: t.timeMask({ maxLength: 2, count: 2 }),
  timeShift: t.timeShift({ max: 2 }),
  randomScale: t.randomScale(),
  composed: compose(t.randomHorizontalFlip(), compose(t.randomCrop(8), t.gaussianNoise()), t.cutout(3)),
};

const FIXED: Readonly<Record<string, Transform>> = {
  pad: t.pad([1, 2], { fill: 0.5 }),
  padReplicate: t.pad(2, { mode: "replicate" }),
  centerCrop: t.centerCrop(6),
  resize: t.resize([5, 12]),
  resizeNearest: t.resize(7, { interpolation: "nearest" }),
  grayscale: t.grayscale(),
  grayscale3: t.grayscale({ numOutputChannels: 3 }),
  normalize: t.normalize([0.1, 0.2, 0.3], [0.5, 0.6, 0.7]),
};

describe.each(Object.entries({ ...RANDOM, ...FIXED }))("%s", (_, transform) => {
  const all = run(transform, x);

  it("makes the same of a sample in any batch and order, each time", () => {
    expect(run(transform, x)).toEqual(all);
    for (let n = 0; n < 7; n++) {
      const alone = run(transform, samples(x, [n]), context(1, { indices: Int32Array.of(n) }));
      expect(alone).toEqual(samples(all, [n]));
    }
    const order = [4, 2, 6, 0, 4, 5];
    const mixed = run(transform, samples(x, order), context(6, { indices: Int32Array.from(order) }));
    expect(mixed).toEqual(samples(all, order));
  });

  it("leaves the images that it was given as they are", () => {
    noGrad(() => {
      const given = tensor(Float32Array.from(x.data), { shape: x.shape });
      transform(given, context(7));
      expect(Array.from(given.data)).toEqual(flat(x));
      // A view in another order of dimensions gives what its copy gives.
      const turned = permute(clone(permute(given, [0, 1, 3, 2])), [0, 1, 3, 2]);
      expect(turned.isContiguous).toBe(false);
      expect(Array.from(transform(turned, context(7)).data)).toEqual(flat(all));
    });
  });

  it("takes a batch without samples", () => {
    const none = run(transform, { shape: [0, 3, 9, 10], data: [] }, context(0));
    expect(none.shape).toEqual([0, ...all.shape.slice(1)]);
  });
});

describe.each(Object.entries(RANDOM))("%s", (_, transform) => {
  it("differs by seed, epoch and place", () => {
    const all = flat(run(transform, x));
    for (const other of [{ seed: 6 }, { seed: 5 + 2 ** 40 }, { epoch: 1 }, { place: 3 }])
      expect(flat(run(transform, x, context(7, other))), JSON.stringify(other)).not.toEqual(all);
  });
});

it("parameters that do nothing change no bit", () => {
  const neutral: Readonly<Record<string, Transform>> = {
    flip: t.randomHorizontalFlip({ p: 0 }),
    crop: t.randomCrop([9, 10]),
    center: t.centerCrop([9, 10]),
    pad: t.pad(0),
    resize: t.resize([9, 10]),
    box: t.randomResizedCrop([9, 10], { scale: [1, 1], ratio: [10 / 9, 10 / 9] }),
    rotation: t.randomRotation(0),
    turn: t.randomRotation([360, 360], { interpolation: "bilinear" }),
    affine: t.randomAffine(0),
    jitter: t.colorJitter({ brightness: 0, contrast: 0, saturation: 0, hue: 0 }),
    grey: t.randomGrayscale({ p: 0 }),
    erasing: t.randomErasing({ p: 0 }),
    noise: t.gaussianNoise({ sigma: 0 }),
    blur: t.gaussianBlur(1),
    normalize: t.normalize(0, 1),
    augment: t.randAugment({ numOps: 0 }),
    shift: t.timeShift({ max: 0 }),
    scale: t.randomScale({ factor: [1, 1] }),
    toFloat: t.toFloat(),
    none: compose(),
  };
  for (const [name, transform] of Object.entries(neutral)) expect(run(transform, x), name).toEqual(x);
});

/** How many of 2,000 samples a transform changes. */
function rate(transform: Transform): number {
  const many = pictures(2000, 3, 2, 2);
  const [before, after] = [flat(many), flat(run(transform, many))];
  let changed = 0;
  for (let n = 0; n < 2000; n++) {
    if (before.slice(n * 12, n * 12 + 12).some((v, i) => v !== after[n * 12 + i])) changed++;
  }
  return changed / 2000;
}

it.each<[string, (p: number) => Transform]>([
  ["randomHorizontalFlip", (p) => t.randomHorizontalFlip({ p })],
  ["randomVerticalFlip", (p) => t.randomVerticalFlip({ p })],
  ["randomGrayscale", (p) => t.randomGrayscale({ p })],
  ["randomErasing", (p) => t.randomErasing({ p, scale: [0.25, 0.25], ratio: [1, 1] })],
  ["cutout", (p) => t.cutout(2, { p })],
  // Three channels are three steps here: a mask has 0 … 3 of them.
  ["timeMask", (p) => t.timeMask({ p: (p * 4) / 3, maxLength: 3 })],
])("%s happens as often as it should", (_, make) => {
  // Four standard deviations.
  expect(Math.abs(rate(make(0.3)) - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / 2000));
});

describe("flips and crops", () => {
  it("mirror", () => {
    const across = draw(x, [9, 10], (n, c, i, j) => pixel(x, n, c, i, 9 - j));
    const down = draw(x, [9, 10], (n, c, i, j) => pixel(x, n, c, 8 - i, j));
    expect(flat(run(t.randomHorizontalFlip({ p: 1 }), x))).toEqual(f32(across));
    expect(flat(run(t.randomVerticalFlip({ p: 1 }), x))).toEqual(f32(down));
  });

  it("randomCrop takes every place, each about as often", () => {
    const one = pictures(1, 1, 3, 4);
    const many = samples(one, new Array<number>(3000).fill(0));
    const y = run(t.randomCrop([3, 3], { padding: [0, 1], fill: -1 }), many);
    const data = flat(y);
    const seen = new Map<string, number>();
    for (let n = 0; n < 3000; n++) {
      const key = data.slice(n * 9, n * 9 + 9).join();
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    const places = [-1, 0, 1].flatMap((top) =>
      [0, 1].map((left) =>
        f32(draw(one, [3, 3], (_, c, i, j) => pixel(one, 0, c, top + i, left + j, -1))).join(),
      ),
    );
    expect([...seen.keys()].sort()).toEqual(places.sort());
    for (const count of seen.values()) expect(Math.abs(count - 500)).toBeLessThan(100);
  });

  it("pad and centerCrop", () => {
    const padded = draw(x, [13, 12], (n, c, i, j) => pixel(x, n, c, i - 2, j - 1, 0.5));
    expect(run(t.pad([1, 2], { fill: 0.5 }), x)).toEqual({ ...padded, data: Float32Array.from(padded.data) });
    const replicate = draw(x, [13, 14], (n, c, i, j) =>
      pixel(x, n, c, Math.min(8, Math.max(0, i - 2)), Math.min(9, Math.max(0, j - 2))),
    );
    expect(flat(run(t.pad(2, { mode: "replicate" }), x))).toEqual(f32(replicate));
    // torchvision: int(round((9 − 6) / 2)) = 2, and (10 − 6) / 2 = 2.
    const middle = draw(x, [6, 6], (n, c, i, j) => pixel(x, n, c, i + 2, j + 2));
    expect(flat(run(t.centerCrop(6), x))).toEqual(f32(middle));
    const wide = draw(x, [12, 11], (n, c, i, j) => pixel(x, n, c, i - 1, j));
    expect(flat(run(t.centerCrop([12, 11]), x))).toEqual(f32(wide));
  });
});

describe("sizes", () => {
  it("resize", () => {
    const [rows, columns] = [triangle(9, 5, true), triangle(10, 12, true)];
    const expected = draw(x, [5, 12], (n, c, i, j) => {
      let sum = 0;
      for (const [y, wy] of rows[i] as [number, number][])
        for (const [z, wz] of columns[j] as [number, number][]) sum += wy * wz * pixel(x, n, c, y, z);
      return sum;
    });
    expectClose(run(t.resize([5, 12]), x).data, expected.data);
    const near = draw(x, [7, 7], (n, c, i, j) =>
      pixel(x, n, c, Math.floor((i * 9) / 7), Math.floor((j * 10) / 7)),
    );
    expect(flat(run(t.resize(7, { interpolation: "nearest" }), x))).toEqual(f32(near));
  });

  it("randomResizedCrop: boxes of the right areas and ratios", () => {
    // A slope in x and in y: the result's slopes tell the box.
    const slope: Pictures = { ...draw(pictures(200, 2, 40, 60), [40, 60], (_, c, i, j) => (c ? i : j)) };
    const y = run(t.randomResizedCrop(8, { scale: [0.2, 0.5], ratio: [0.5, 2] }), slope);
    for (let n = 0; n < 200; n++) {
      const width = (pixel(y, n, 0, 4, 6) - pixel(y, n, 0, 4, 2)) * 2;
      const height = (pixel(y, n, 1, 6, 4) - pixel(y, n, 1, 2, 4)) * 2;
      const area = (width * height) / 2400;
      expect(area > 0.18 && area < 0.52, `area ${area}`).toBe(true);
      expect(width / height > 0.45 && width / height < 2.2, `ratio ${width / height}`).toBe(true);
    }
  });
});

describe("affine maps", () => {
  /** torchvision's _get_inverse_affine_matrix, with the centre measured from the image's middle. */
  function inverse(
    angle: number,
    [tx, ty]: readonly [number, number],
    scale: number,
    [shearX, shearY]: readonly [number, number],
  ): number[] {
    const [rot, sx, sy] = [angle, shearX, shearY].map((d) => (d * Math.PI) / 180) as [number, number, number];
    const a = Math.cos(rot - sy) / Math.cos(sy);
    const b = (-Math.cos(rot - sy) * Math.tan(sx)) / Math.cos(sy) - Math.sin(rot);
    const c = Math.sin(rot - sy) / Math.cos(sy);
    const d = (-Math.sin(rot - sy) * Math.tan(sx)) / Math.cos(sy) + Math.cos(rot);
    const [m0, m1, m3, m4] = [d / scale, -b / scale, -c / scale, a / scale];
    return [m0, m1, m0 * -tx + m1 * -ty, m3, m4, m3 * -tx + m4 * -ty];
  }
  const warped = (matrix: number[], kind = "bilinear"): number[] =>
    [0, 1, 2, 3, 4, 5, 6].flatMap((n) =>
      Array.from(
        (REFERENCES[kind] as (typeof REFERENCES)[string]).of(samples(x, [n]), [...matrix, 0.5], x).data,
      ),
    );

  it("rotation is counterclockwise; quarter turns are exact", () => {
    const square = pictures(2, 1, 5, 5);
    const quarter = draw(square, [5, 5], (n, c, i, j) => pixel(square, n, c, j, 4 - i));
    for (const interpolation of ["nearest", "bilinear"] as const)
      expect(flat(run(t.randomRotation([90, 90], { interpolation }), square))).toEqual(f32(quarter));
    const turned = t.randomRotation([17, 17], { interpolation: "bilinear", fill: 0.5 });
    expectClose(run(turned, x).data, warped(inverse(-17, [0, 0], 1, [0, 0])), { absolute: 5e-6 });
  });

  it("affine", () => {
    const options = { interpolation: "bilinear", fill: 0.5 } as const;
    const scaled = t.randomAffine([13, 13], {
      scale: [1.2, 1.2],
      shear: [
        [8, 8],
        [-5, -5],
      ],
      ...options,
    });
    expectClose(run(scaled, x).data, warped(inverse(13, [0, 0], 1.2, [8, -5])), { absolute: 5e-6 });
    const sheared = t.randomAffine(0, { shear: [12, 12], ...options });
    expectClose(run(sheared, x).data, warped(inverse(0, [0, 0], 1, [12, 0])), { absolute: 5e-6 });
  });

  it("moves by whole pixels within the shares", () => {
    const one = samples(x, new Array<number>(300).fill(3));
    const y = run(t.randomAffine(0, { translate: [0.2, 0.12] }), one);
    const seen = new Set<string>();
    for (let n = 0; n < 300; n++) {
      const image = flat(samples(y, [n]));
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -2; dx <= 2; dx++) {
          const moved = draw(samples(x, [3]), [9, 10], (_, c, i, j) => pixel(x, 3, c, i - dy, j - dx));
          if (f32(moved).join() === image.join()) seen.add(`${dx} ${dy}`);
        }
      }
    }
    expect(seen.size).toBe(15);
  });
});

describe("colours", () => {
  const reference = (name: string, args: readonly number[]): number[] =>
    [0, 1, 2, 3, 4, 5, 6].flatMap((n) =>
      Array.from((REFERENCES[name] as (typeof REFERENCES)[string]).of(samples(x, [n]), args, x).data),
    );

  it.each(["brightness", "contrast", "saturation"] as const)("%s by a given factor", (name) => {
    expectClose(run(t.colorJitter({ [name]: [1.3, 1.3] }), x).data, reference(name, [1.3]), {
      absolute: 3e-6,
    });
  });

  it("hue by a given turn, brightness by 1 ± b", () => {
    expectClose(run(t.colorJitter({ hue: [0.2, 0.2] }), x).data, reference("hue", [0.2]), { absolute: 3e-6 });
    const dim: Pictures = { shape: [1000, 1, 1, 1], data: new Array<number>(1000).fill(0.25) };
    const factors = flat(run(t.colorJitter({ brightness: 0.4 }), dim)).map((v) => v / 0.25);
    expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.6);
    expect(Math.max(...factors)).toBeLessThan(1.4);
    expect(Math.max(...factors) - Math.min(...factors)).toBeGreaterThan(0.75);
  });

  it("jitters in every order", () => {
    // Halving the contrast about the mean and halving the brightness give other images in the other order, with clamping.
    const jitter = t.colorJitter({ brightness: [2, 2], contrast: [0.5, 0.5] });
    const many = samples(x, new Array<number>(64).fill(2));
    const y = run(jitter, many);
    const kinds = new Set(Array.from({ length: 64 }, (_, n) => flat(samples(y, [n])).join()));
    expect(kinds.size).toBe(2);
  });

  it("grey", () => {
    const light = draw({ ...x, shape: [7, 1, 9, 10] }, [9, 10], (n, _, i, j) =>
      [0.2989, 0.587, 0.114].reduce((sum, part, c) => sum + part * pixel(x, n, c, i, j), 0),
    );
    const grey = run(t.grayscale(), x);
    expect(grey.shape).toEqual([7, 1, 9, 10]);
    expectClose(grey.data, light.data);
    const three = run(t.grayscale({ numOutputChannels: 3 }), x);
    expectClose(three.data, draw(x, [9, 10], (n, _, i, j) => pixel(light, n, 0, i, j)).data);
    expect(run(t.randomGrayscale({ p: 1 }), x)).toEqual(three);
  });

  it("toFloat and normalize", () => {
    noGrad(() => {
      const bytes = tensor([0, 51, 255], { dtype: "u8", shape: [3, 1, 1, 1] });
      const [y, label] = t.toFloat()([bytes, bytes], context(3));
      expect(Array.from(y.data)).toEqual([0, Math.fround(0.2), 1]);
      expect(label).toBe(bytes);
    });
    const scaled = draw(x, [9, 10], (n, c, i, j) => (pixel(x, n, c, i, j) - (c + 1) / 10) / (0.5 + c / 10));
    expectClose(run(t.normalize([0.1, 0.2, 0.3], [0.5, 0.6, 0.7]), x).data, scaled.data);
  });

  it("gaussianBlur", () => {
    const bell = [-2, -1, 0, 1, 2].map((i) => Math.exp(-0.5 * (i / 1.2) ** 2));
    const total = bell.reduce((a, b) => a + b);
    const mirror = (i: number, n: number): number => (i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i);
    const expected = draw(x, [9, 10], (n, c, i, j) => {
      let sum = 0;
      bell.forEach((a, p) =>
        bell.forEach((b, q) => {
          sum += (a * b * pixel(x, n, c, mirror(i + p - 2, 9), mirror(j + q - 2, 10))) / total ** 2;
        }),
      );
      return sum;
    });
    expectClose(run(t.gaussianBlur(5, 1.2), x).data, expected.data);
  });
});

describe("erasing", () => {
  it("randomErasing: one box inside, of the right area and ratio", () => {
    const many = samples(pictures(1, 1, 20, 30), new Array<number>(200).fill(0));
    const y = run(t.randomErasing({ p: 1, scale: [0.1, 0.3], ratio: [0.5, 2], value: 5 }), many);
    for (let n = 0; n < 200; n++) {
      const rows = Array.from({ length: 20 }, (_, i) => i).filter((i) =>
        Array.from({ length: 30 }, (__, j) => pixel(y, n, 0, i, j)).includes(5),
      );
      const columns = Array.from({ length: 30 }, (_, j) => j).filter((j) =>
        Array.from({ length: 20 }, (__, i) => pixel(y, n, 0, i, j)).includes(5),
      );
      const erased = flat(samples(y, [n])).filter((v) => v === 5).length;
      expect(erased).toBe(rows.length * columns.length);
      expect(erased / 600 > 0.08 && erased / 600 < 0.33).toBe(true);
      const ratio = columns.length / rows.length;
      expect(ratio > 0.44 && ratio < 2.3).toBe(true);
    }
  });

  it("cutout: squares about every pixel, cut at the edges", () => {
    const many: Pictures = { shape: [400, 1, 5, 5], data: new Array<number>(10000).fill(0.5) };
    const y = run(t.cutout(3, { value: 1 }), many);
    const areas = Array.from({ length: 400 }, (_, n) => flat(samples(y, [n])).filter((v) => v === 1).length);
    expect([...new Set(areas)].sort((a, b) => a - b)).toEqual([4, 6, 9]);
    // The middle is hit from nine places of 25, the corner from four.
    const hits = (i: number, j: number): number =>
      Array.from({ length: 400 }, (_, n) => pixel(y, n, 0, i, j)).filter((v) => v === 1).length / 400;
    expect(Math.abs(hits(2, 2) - 9 / 25)).toBeLessThan(0.1);
    expect(Math.abs(hits(0, 0) - 4 / 25)).toBeLessThan(0.1);
  });
});

it("gaussianNoise has the moments that it should", () => {
  const half: Pictures = { shape: [100, 1, 10, 10], data: new Array<number>(10000).fill(0.5) };
  const y = flat(run(t.gaussianNoise({ mean: 0.1, sigma: 2, clip: false }), half));
  const mean = y.reduce((a, b) => a + b) / y.length;
  const std = Math.sqrt(y.reduce((sum, v) => sum + (v - mean) ** 2, 0) / y.length);
  expect(Math.abs(mean - 0.6)).toBeLessThan(0.08);
  expect(Math.abs(std - 2)).toBeLessThan(0.06);
  const clipped = flat(run(t.gaussianNoise({ sigma: 2 }), half));
  expect([Math.min(...clipped), Math.max(...clipped)]).toEqual([0, 1]);
  // Samples have noise of their own.
  expect(y.slice(0, 100)).not.toEqual(y.slice(100, 200));
});

describe("randAugment", () => {
  it.each([1, 3])("applies one of the fourteen with torchvision's magnitudes, %i channels", (c) => {
    const [h, w] = [16, 20];
    const one = pictures(1, c, h, w);
    const strength = 21 / 30;
    const candidates: [string, readonly number[]][] = [["copy", []]];
    for (const sign of [1, -1]) {
      const shear = sign * 0.3 * strength;
      const angle = (sign * 30 * strength * Math.PI) / 180;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const shift = (size: number): number => sign * Math.floor((150 / 331) * size * strength);
      candidates.push(["nearest", [1, shear, (shear * h) / 2, 0, 1, 0, 0]]);
      candidates.push(["nearest", [1, 0, 0, shear, 1, (shear * w) / 2, 0]]);
      candidates.push(["nearest", [1, 0, -shift(w), 0, 1, 0, 0]]);
      candidates.push(["nearest", [1, 0, 0, 0, 1, -shift(h), 0]]);
      candidates.push(["nearest", [cos, -sin, 0, sin, cos, 0, 0]]);
      for (const name of ["brightness", "saturation", "contrast", "sharpen"]) {
        if (c === 3 || name !== "saturation") candidates.push([name, [1 + sign * 0.9 * strength]]);
      }
    }
    candidates.push(
      ["posterize", [2 ** 5]],
      ["solarize", [1 - strength]],
      ["autocontrast", []],
      ["equalize", []],
    );
    const images = candidates.map(([name, args]) =>
      flat((REFERENCES[name] as (typeof REFERENCES)[string]).of(one, args, one)),
    );
    const y = run(t.randAugment({ numOps: 1, magnitude: 21 }), samples(one, new Array<number>(400).fill(0)));
    const size = c * h * w;
    const data = flat(y);
    const seen = new Set<number>();
    for (let n = 0; n < 400; n++) {
      const image = data.slice(n * size, (n + 1) * size);
      // Nearest pixels may differ where a place is halfway but for rounding.
      const at = images.findIndex(
        (other) => other.filter((v, i) => Math.abs(v - (image[i] as number)) > 1e-5).length <= 2,
      );
      expect(at, `sample ${n} is like none of the candidates`).toBeGreaterThanOrEqual(0);
      seen.add(at);
    }
    expect(seen.size).toBe(candidates.length);
  });
});

describe("batches of other forms", () => {
  const flip = t.randomHorizontalFlip({ p: 1 });

  it("of tuples the first element, of objects the one that is named", () => {
    noGrad(() => {
      const images = tensor([1, 2], { shape: [1, 1, 1, 2] });
      const label = tensor([3], { dtype: "i32" });
      const [first, second] = flip([images, label] as const, context(1));
      expect([Array.from(first.data), second]).toEqual([[2, 1], label]);
      const named = t.on("image", flip)({ image: images, label }, context(1));
      expect([Array.from(named.image.data), named.label]).toEqual([[2, 1], label]);
      const later = t.on(1, flip)([label, images] as const, context(1));
      expect([later[0], Array.from(later[1].data)]).toEqual([label, [2, 1]]);
    });
  });

  it("compose frees what the next transform replaced, and no tensor of others", () => {
    noGrad(() => {
      const images = tensor([1, 2], { shape: [1, 1, 1, 2] });
      const made: { freedBy: string | null }[] = [];
      const spy: BatchTransform<typeof images> = (batch) => {
        made.push(batch);
        return batch;
      };
      const y = compose(spy, flip, spy, flip, spy)(images, context(1));
      expect(made.map((each) => each.freedBy === null)).toEqual([true, false, true]);
      expect(Array.from(y.data)).toEqual([1, 2]);
      expect(made[2]).toBe(y);
    });
  });
});

const images = (shape: number[], dtype: DType = "f32") => zeros(shape, { dtype });
it.each<[string, () => unknown, new (message: string) => Error, string]>([
  [
    "p",
    () => t.randomHorizontalFlip({ p: 2 }),
    ValueError,
    "randomHorizontalFlip: p must be in [0, 1], got 2",
  ],
  [
    "a size",
    () => t.randomCrop(2.5),
    ValueError,
    "randomCrop: the size must be a whole number ≥ 1 or [height, width], got 2.5",
  ],
  [
    "padding",
    () => t.randomCrop(2, { padding: -1 }),
    ValueError,
    "randomCrop: padding must be a whole number ≥ 0, got -1",
  ],
  [
    "a mode",
    () => t.pad(1, { mode: "mirror" as never }),
    ValueError,
    'pad: the padding mode must be constant or reflect or replicate or circular, got "mirror"',
  ],
  ["std", () => t.normalize(0, 0), ValueError, "normalize: std must be above 0, got [0]"],
  [
    "degrees",
    () => t.randomRotation(NaN),
    ValueError,
    "randomRotation: degrees must be a finite number ≥ 0, got NaN",
  ],
  [
    "a range",
    () => t.randomRotation([2, 1]),
    ValueError,
    "randomRotation: degrees must be [low, high], got [2, 1]",
  ],
  [
    "scale",
    () => t.randomAffine(0, { scale: [0, 1] }),
    ValueError,
    "randomAffine: scale must be [low, high]",
  ],
  [
    "shear",
    () => t.randomAffine(0, { shear: 90 }),
    ValueError,
    "randomAffine: shear must be [low, high] within [-89, 89], got [-90, 90]",
  ],
  [
    "translate",
    () => t.randomAffine(0, { translate: [2, 0] }),
    ValueError,
    "translate must be [low, high] within [0, 1], got [0, 2]",
  ],
  [
    "interpolation",
    () => t.randomRotation(1, { interpolation: "cubic" as never }),
    ValueError,
    'interpolation must be nearest or bilinear, got "cubic"',
  ],
  [
    "hue",
    () => t.colorJitter({ hue: 0.6 }),
    ValueError,
    "colorJitter: hue must be [low, high] within [-0.5, 0.5], got [-0.6, 0.6]",
  ],
  [
    "brightness",
    () => t.colorJitter({ brightness: -1 }),
    ValueError,
    "colorJitter: brightness must be a finite number ≥ 0, got -1",
  ],
  ["kernelSize", () => t.gaussianBlur(4), ValueError, "gaussianBlur: kernelSize must be odd, got 4"],
  [
    "sigma",
    () => t.gaussianNoise({ sigma: -1 }),
    ValueError,
    "gaussianNoise: sigma must be a finite number ≥ 0, got -1",
  ],
  ["magnitude", () => t.randAugment({ magnitude: 31 }), ValueError, "must be a whole number ≥ 0, got -1"],
  [
    "no transform",
    () => compose(3 as never),
    ValueError,
    "compose: argument 0 is number, not a transform (call it: randomCrop(28))",
  ],
  [
    "a rank",
    () => t.cutout(2)(images([2, 4, 4]), context(2)),
    ShapeError,
    "cutout: images must be [n, channels, height, width], got [2, 4, 4] (reshape them",
  ],
  [
    "bytes",
    () => t.cutout(2)(images([2, 1, 4, 4], "u8"), context(2)),
    DTypeError,
    "cutout: images must be f32, got u8 (put toFloat() before it)",
  ],
  ["i32", () => t.toFloat()(images([2], "i32"), context(2)), DTypeError, "toFloat: takes u8 or f32, got i32"],
  [
    "samples",
    () => t.cutout(2)(images([2, 1, 4, 4]), context(3)),
    ShapeError,
    "cutout: 3 samples by the context's indices, got [2, 1, 4, 4]",
  ],
  [
    "an object",
    () => t.cutout(2)({ image: images([2, 1, 4, 4]) }, context(2)),
    ValueError,
    'cutout: takes a tensor, or a tuple that begins with one (say where it is in an object: on("image", cutout(…)))',
  ],
  ["a key", () => t.on("x", t.cutout(2))({ y: 1 }, context(2)), ValueError, 'on: the batch has no part "x"'],
  [
    "channels for hue",
    () => t.colorJitter({ hue: 0.1 })(images([1, 1, 2, 2]), context(1)),
    ShapeError,
    "colorJitter: images must have 3 channels (grey, or red, green, blue), got [1, 1, 2, 2]",
  ],
  [
    "channels for normalize",
    () => t.normalize([0, 0], 1)(images([1, 3, 2, 2]), context(1)),
    ShapeError,
    "normalize: 2 numbers for the 3 channels of images [1, 3, 2, 2]",
  ],
  [
    "a crop that does not fit",
    () => t.randomCrop(5)(images([1, 1, 4, 4]), context(1)),
    ShapeError,
    "randomCrop: [5, 5] does not fit into images [1, 1, 4, 4] with their border, [4, 4] (use more padding)",
  ],
  [
    "a blur that mirrors too much",
    () => t.gaussianBlur(9)(images([1, 1, 4, 4]), context(1)),
    ShapeError,
    "gaussianBlur: a kernel of 9 mirrors more than images [1, 1, 4, 4] have",
  ],
])("refuses %s", (_, call, kind, message) => {
  expect(() => noGrad(call)).toThrow(kind);
  expect(() => noGrad(call)).toThrow(message);
});
