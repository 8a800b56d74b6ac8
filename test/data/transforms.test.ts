import { afterEach, describe, expect, it } from "vitest";
import { compose, transforms as t, type BatchTransform, type Transform } from "../../src/data/index.ts";
import { tensor } from "../../src/tensor/create.ts";
import { noGrad } from "../../src/autograd/mode.ts";
import { heap } from "../../src/wasm/engine.ts";
import { context, draw, pictures, pixel, run, samples } from "./pictures.ts";

afterEach(() => expect(heap().stats.live).toBe(0));

const x = pictures(7, 3, 8, 9);

describe("flips", () => {
  it("mirror each sample, or none", () => {
    const across = draw(x, [8, 9], (n, c, i, j) => pixel(x, n, c, i, 8 - j));
    const down = draw(x, [8, 9], (n, c, i, j) => pixel(x, n, c, 7 - i, j));
    expect(run(t.randomHorizontalFlip({ p: 1 }), x)).toEqual({
      ...across,
      data: Float32Array.from(across.data),
    });
    expect(run(t.randomVerticalFlip({ p: 1 }), x)).toEqual({ ...down, data: Float32Array.from(down.data) });
    expect(run(t.randomHorizontalFlip({ p: 0 }), x)).toEqual(x);
  });
});

describe("crops", () => {
  it("random", () => {
    const y = run(t.randomCrop(8, { padding: 2, fill: 0.25 }), x);
    expect(y.shape).toEqual([7, 3, 8, 8]);
    for (let n = 0; n < 7; n++) {
      let found = 0;
      for (let top = -2; top <= 2; top++) {
        for (let left = -2; left <= 3; left++) {
          const one = draw(samples(x, [n]), [8, 8], (_, c, i, j) => pixel(x, n, c, top + i, left + j, 0.25));
          if (samples(y, [n]).data.toString() === Float32Array.from(one.data).toString()) found++;
        }
      }
      expect(found).toBe(1);
    }
  });
});
