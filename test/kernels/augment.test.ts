import { describe, expect, test } from "vitest";
import { draw, pictures, pixel, samples, type Pictures } from "../data/pictures.ts";
import { REFERENCES, sizeOf, triangle, type Reference, type Row } from "../data/references.ts";
import { expectClose, Kernels, variants } from "./buffers.ts";

const ROW = 8;

// No place is halfway between pixels, which rounding would decide.
const turn = [0.8013, -0.6121, 0.7177, 0.5919, 0.8071, -1.2339];
/** Arguments a sample: all samples of a batch have some of their own. */
const CASES: readonly [name: string, channels: readonly number[], rows: readonly Row[]][] = [
  ["copy", [1, 3], [[], []]],
  [
    "nearest",
    [1, 3],
    [
      [1, 0, 0, 0, 1, 0, 0.5],
      [...turn, 0.5],
      [0.5, 0, 1e6, 0, 0.5, -1e9, 0.25],
    ],
  ],
  [
    "bilinear",
    [1, 3],
    [
      [1, 0, 0, 0, 1, 0, 0.5],
      [...turn, 0.5],
      [0.45, 0.1, -40, 0, 0.55, 0, 0.25],
    ],
  ],
  [
    "erase",
    [1, 3],
    [
      [0, 0, 0, 0, 0.5],
      [0, 1, 2, 2, 0.5],
      [1, 0, 1, 3, -2],
    ],
  ],
  [
    "paste",
    [1, 3],
    [
      [0, 0, 0, 0, 1],
      [0, 1, 2, 2, 2],
      [1, 0, 1, 3, 0],
    ],
  ],
  [
    "mix",
    [1, 2],
    [
      [1, 1],
      [0.25, 2],
      [0.5, 0],
    ],
  ],
  ["brightness", [1, 3], [[0], [0.5], [1.75]]],
  ["contrast", [1, 3], [[0], [0.5], [1.75]]],
  ["saturation", [3], [[0], [0.5], [1.75]]],
  ["hue", [3], [[0.5], [-0.5], [0.1], [-0.31]]],
  ["solarize", [1, 3], [[0], [0.5], [1]]],
  ["posterize", [1, 3], [[256], [16], [1]]],
  ["autocontrast", [1, 3], [[], [], []]],
  ["equalize", [1, 3], [[], []]],
  ["sharpen", [1, 3], [[0], [0.3], [1.9], [1]]],
];

describe.each(variants)("operations on images, %s", (variant) => {
  const kernels = new Kernels(variant);

  /** Runs rows of [code, …arguments], `steps` for each sample. */
  function operate(x: Pictures, rows: readonly Row[], steps = 1, size = sizeOf(x)): Pictures {
    kernels.reset();
    const [n, c, h, w] = x.shape;
    const table = new Float32Array(n * steps * ROW);
    rows.forEach((row, i) => table.set(row, i * ROW));
    const out = kernels.output("f32", n * c * size[0] * size[1]);
    const args = [kernels.input("f32", x.data), kernels.input("f32", table)];
    const workspace = kernels.workspace("imageOps_f32", w);
    expect(kernels.run("imageOps_f32", out, ...args, workspace, n, c, h, w, ...size, steps)).toBe(0);
    return { shape: [n, c, ...size], data: out.data };
  }

  test.each(CASES)("%s", (name, channels, rows) => {
    const { code, of, inPlace } = REFERENCES[name] as { code: number; of: Reference; inPlace?: boolean };
    for (const c of channels) {
      for (const [h, w] of [
        [2, 3],
        [5, 4],
        [4, 15],
        [17, 16],
        [33, 35],
      ] as const) {
        const x = pictures(rows.length, c, h, w, h);
        const expected = rows.flatMap((args, i) => Array.from(of(samples(x, [i]), args, x).data));
        const table = rows.map((args) => [code, ...args]);
        const what = `${name} ${c}×${h}×${w}`;
        const once = operate(x, table);
        expectClose(once.data, expected, { absolute: 3e-6, what });
        // The same after another step.
        if (inPlace)
          expect(
            operate(
              x,
              table.flatMap((row) => [[0], row]),
              2,
            ).data,
          ).toEqual(once.data);
      }
    }
  });

  test("crop", () => {
    const x = pictures(3, 2, 5, 7);
    for (const size of [
      [5, 7],
      [3, 4],
      [9, 12],
      [1, 21],
    ] as [number, number][]) {
      for (const [top, left] of [
        [0, 0],
        [-2, 1],
        [1, -3],
        [40, -40],
        [-1, -9],
      ] as const) {
        const flips = [0, 1, 2, 3].slice(0, 3).map((i) => [i & 1, i >> 1] as const);
        const rows = flips.map(([across, down]) => [1, top, left, across, down, 0.5]);
        const expected = draw(x, size, (n, c, i, j) => {
          const [across, down] = flips[n] as readonly [number, number];
          const y = top + (down ? size[0] - 1 - i : i);
          return pixel(x, n, c, y, left + (across ? size[1] - 1 - j : j), 0.5);
        });
        expect(operate(x, rows, 1, size).data).toEqual(Array.from(expected.data));
      }
    }
  });

  test("resize", () => {
    const x = pictures(2, 2, 9, 13);
    for (const antialias of [true, false]) {
      for (const size of [
        [9, 13],
        [4, 5],
        [1, 1],
        [20, 31],
        [3, 13],
      ] as [number, number][]) {
        const boxes = [
          [0, 0, 9, 13],
          [2, 5, 6, 7],
        ] as const;
        const rows = boxes.map((box) => [4, ...box, Number(antialias)]);
        const expected = draw(x, size, (n, c, i, j) => {
          const [top, left, h, w] = boxes[n] as readonly [number, number, number, number];
          let sum = 0;
          for (const [y, wy] of triangle(h, size[0], antialias)[i] as [number, number][])
            for (const [z, wz] of triangle(w, size[1], antialias)[j] as [number, number][])
              sum += wy * wz * pixel(x, n, c, top + y, left + z);
          return sum;
        });
        expectClose(operate(x, rows, 1, size).data, expected.data, {
          what: `${size.join("×")} ${antialias}`,
        });
      }
    }
  });

  test("resizing is PyTorch's: torch 1.13, arange(24) / 24 as 4 × 6 to 3 × 4, bilinear, antialias", () => {
    const x: Pictures = { shape: [1, 1, 4, 6], data: Array.from({ length: 24 }, (_, i) => i / 24) };
    expectClose(
      operate(x, [[4, 0, 0, 4, 6, 1]], 1, [3, 4]).data,
      [
        0.09062500298023224, 0.14907407760620117, 0.2092592567205429, 0.26770833134651184, 0.390625,
        0.4490740895271301, 0.5092592239379883, 0.5677083730697632, 0.6906250715255737, 0.7490741014480591,
        0.8092592358589172, 0.8677083849906921,
      ],
    );
  });

  test("identities change no bit", () => {
    const x = pictures(1, 3, 9, 13);
    for (const row of [
      [2, 1, 0, 0, 0, 1, 0, 0],
      [3, 1, 0, 0, 0, 1, 0, 0],
      [4, 0, 0, 9, 13, 1],
      [7, 1, 0],
      [8, 1],
      [9, 1],
      [10, 1],
      [16, 1],
    ])
      expect(operate(x, [row]).data, `operation ${row[0]}`).toEqual(Array.from(x.data));
  });

  test("flat, grey and broken values", () => {
    const flat: Pictures = { shape: [1, 3, 2, 3], data: new Array<number>(18).fill(0.25) };
    for (const row of [[11, 0.3], [10, 0.2], [14], [15], [9, 0.5]])
      // The parts of a grey add up to 0.9999.
      expectClose(operate(flat, [row]).data, flat.data, { absolute: 1e-4 });
    const broken: Pictures = { shape: [1, 3, 20, 20], data: new Array<number>(1200).fill(NaN) };
    for (let code = 2; code <= 16; code++) {
      const { data } = operate(broken, [[code, 1, 0, 1, 1, 1]]);
      expect(data.length).toBe(1200);
    }
  });
});
