import { describe, expect, test } from "vitest";
import { expectClose, Kernels, noise, variants, type Buffer } from "./buffers.ts";

const SIZES = [0, 1, 3, 4, 5, 15, 16, 17, 100];
const STEPS = 7;
const LR = 0.01;
const EPS = Math.fround(1e-6);
const DECAY = Math.fround(0.1);
const [B1, B2] = [0.9, 0.95];

/** One weight and its state, in double precision. */
interface One {
  p: number;
  a: number;
  b: number;
  c: number;
}

interface Case {
  readonly name: string;
  readonly tick: string;
  readonly kernel: string;
  /** The last four numbers of the row. */
  readonly row: readonly number[];
  /** Which of three state buffers the kernel gets, 0 for none. */
  readonly slots: readonly boolean[];
  /** Arguments between the row and n. */
  readonly numbers: readonly number[];
  readonly step: (w: One, g: number, t: number) => void;
}

/** Product of NAdam's momenta by step. */
const momentum = (t: number): number => B1 * (1 - 0.5 * 0.96 ** (t * 0.3));
const product = (t: number): number => (t === 0 ? 1 : momentum(t) * product(t - 1));

const averages = (w: One, g: number): void => {
  w.a = B1 * w.a + (1 - B1) * g;
  w.b = B2 * w.b + (1 - B2) * g * g;
};

function rmsprop(withMomentum: boolean, centered: boolean, maximize: boolean): Case {
  return {
    name: `RMSprop${withMomentum ? ", momentum" : ""}${centered ? ", centred" : ""}${maximize ? ", climbing" : ""}`,
    tick: "sgdTick",
    kernel: "rmsprop_f32",
    row: [withMomentum ? B1 : 0, B2, 0, 0],
    slots: [true, withMomentum, centered],
    numbers: [EPS, DECAY, Number(maximize)],
    step(w, slope) {
      const g = (maximize ? -slope : slope) + DECAY * w.p;
      w.a = B2 * w.a + (1 - B2) * g * g;
      w.c = B2 * w.c + (1 - B2) * g;
      const step = g / (Math.sqrt(centered ? w.a - w.c * w.c : w.a) + EPS);
      w.b = B1 * w.b + step;
      w.p -= LR * (withMomentum ? w.b : step);
    },
  };
}

function nadam(decoupled: boolean): Case {
  return {
    name: `NAdam${decoupled ? ", decoupled decay" : ""}`,
    tick: "nadamTick",
    kernel: "nadam_f32",
    row: [B1, B2, 0.3, 0],
    slots: [true, true],
    numbers: [EPS, DECAY, Number(decoupled), 0],
    step(w, slope, t) {
      const g = decoupled ? slope : slope + DECAY * w.p;
      if (decoupled) w.p *= 1 - LR * DECAY;
      averages(w, g);
      const root = Math.sqrt(w.b / (1 - B2 ** t)) + EPS;
      const ahead = (momentum(t + 1) * w.a) / (1 - product(t + 1) * momentum(t));
      w.p -= (LR * (((1 - momentum(t)) * g) / (1 - product(t)) + ahead)) / root;
    },
  };
}

function radam(decoupled: boolean): Case {
  return {
    name: `RAdam${decoupled ? ", decoupled decay" : ""}`,
    tick: "adamTick",
    kernel: "radam_f32",
    row: [B1, B2, 0, 0],
    slots: [true, true],
    numbers: [EPS, DECAY, Number(decoupled), 0],
    step(w, slope, t) {
      const g = decoupled ? slope : slope + DECAY * w.p;
      if (decoupled) w.p *= 1 - LR * DECAY;
      averages(w, g);
      const most = 2 / (1 - B2) - 1;
      const known = most - (2 * t * B2 ** t) / (1 - B2 ** t);
      let step = w.a / (1 - B1 ** t);
      if (known > 5) {
        const rectified = ((known - 4) * (known - 2) * most) / ((most - 4) * (most - 2) * known);
        step *= (Math.sqrt(rectified) * Math.sqrt(1 - B2 ** t)) / (Math.sqrt(w.b) + EPS);
      }
      w.p -= LR * step;
    },
  };
}

const CASES: readonly Case[] = [
  rmsprop(false, false, false),
  rmsprop(true, false, true),
  rmsprop(false, true, false),
  rmsprop(true, true, false),
  {
    name: "Adagrad",
    tick: "sgdTick",
    kernel: "adagrad_f32",
    row: [0, 0.2, 0, 0],
    slots: [true],
    numbers: [EPS, DECAY, 1],
    step(w, slope, t) {
      const g = -slope + DECAY * w.p;
      w.a += g * g;
      w.p -= ((LR / (1 + (t - 1) * 0.2)) * g) / (Math.sqrt(w.a) + EPS);
    },
  },
  {
    name: "Adadelta",
    tick: "sgdTick",
    kernel: "adadelta_f32",
    row: [0, B2, 0, 0],
    slots: [true, true],
    numbers: [EPS, DECAY, 0],
    step(w, slope) {
      const g = slope + DECAY * w.p;
      w.a = B2 * w.a + (1 - B2) * g * g;
      const d = (Math.sqrt(w.b + EPS) / Math.sqrt(w.a + EPS)) * g;
      w.b = B2 * w.b + (1 - B2) * d * d;
      w.p -= LR * d;
    },
  },
  {
    name: "Adamax",
    tick: "adamTick",
    kernel: "adamax_f32",
    row: [B1, B2, 0, 0],
    slots: [true, true],
    numbers: [EPS, DECAY, 0],
    step(w, slope, t) {
      const g = slope + DECAY * w.p;
      w.a = B1 * w.a + (1 - B1) * g;
      w.b = Math.max(B2 * w.b, Math.abs(g) + EPS);
      w.p -= ((LR / (1 - B1 ** t)) * w.a) / w.b;
    },
  },
  nadam(false),
  nadam(true),
  radam(false),
  radam(true),
  {
    name: "Lion",
    tick: "sgdTick",
    kernel: "lion_f32",
    row: [B1, B2, 0, 0],
    slots: [true],
    numbers: [DECAY, 1],
    step(w, slope) {
      w.p = (1 - LR * DECAY) * w.p - LR * Math.sign(B1 * w.a - (1 - B1) * slope);
      w.a = B2 * w.a - (1 - B2) * slope;
    },
  },
];

describe.each(variants)("other optimisers, %s", (variant) => {
  const kernels = new Kernels(variant);

  test.each(CASES)("$name", ({ tick, kernel, row, slots, numbers, step }) => {
    for (const n of SIZES) {
      kernels.reset();
      const p = kernels.output("f32", noise(n));
      const g = kernels.output("f32", n);
      const state = kernels.output("f64", [LR, 0, 1, 1, ...row]);
      const buffers = slots.map((used) => (used ? kernels.output("f32", new Float32Array(n)) : 0));
      const reference = p.data.map((value): One => ({ p: value, a: 0, b: 0, c: 0 }));
      for (let t = 1; t <= STEPS; t++) {
        g.set(noise(n, t));
        expect(kernels.run(tick, state)).toBe(0);
        expect(state.at(1)).toBe(t);
        expect(kernels.run(kernel, p, g, ...buffers, state, ...numbers, n)).toBe(0);
        const slopes = g.data;
        for (const [i, w] of reference.entries()) step(w, slopes[i] as number, t);
        const close = (what: string, buffer: Buffer, expected: number[]): void =>
          expectClose(buffer.data, expected, { relative: 2e-5, absolute: 2e-6, what: `${what}, step ${t}` });
        close(
          "p",
          p,
          reference.map((w) => w.p),
        );
        for (const [slot, key] of (["a", "b", "c"] as const).entries()) {
          const buffer = buffers[slot];
          if (buffer === undefined || buffer === 0) continue;
          close(
            key,
            buffer,
            reference.map((w) => w[key]),
          );
        }
      }
    }
  });

  test("LAMB scales each step by the ratio of the norms", () => {
    for (const [n, start, decay, maximize] of [
      ...SIZES.map((size) => [size, 1, DECAY, 0] as const),
      [17, 1, 0, 1] as const,
      [5, 0, 0, 0] as const,
    ]) {
      kernels.reset();
      const p = kernels.output(
        "f32",
        noise(n).map((value) => value * start),
      );
      const g = kernels.output("f32", n);
      const [m, v] = [kernels.output("f32", new Float32Array(n)), kernels.output("f32", new Float32Array(n))];
      const state = kernels.output("f64", [LR, 0, 1, 1, B1, B2, 0, 0]);
      const reference = p.data.map((value): One => ({ p: value, a: 0, b: 0, c: 0 }));
      for (let t = 1; t <= STEPS; t++) {
        g.set(noise(n, t));
        kernels.run("adamTick", state);
        expect(kernels.run("lambRatio_f32", p, g, m, v, state, EPS, decay, maximize, n)).toBe(0);
        expect(kernels.run("lamb_f32", p, m, v, state, EPS, decay, n)).toBe(0);
        const slopes = g.data;
        for (const [i, w] of reference.entries()) {
          averages(w, (maximize ? -1 : 1) * (slopes[i] as number));
          w.c = w.a / (1 - B1 ** t) / (Math.sqrt(w.b / (1 - B2 ** t)) + EPS) + decay * w.p;
        }
        const norm = (key: "p" | "c"): number =>
          Math.sqrt(reference.reduce((sum, w) => sum + w[key] ** 2, 0));
        const ratio = norm("p") === 0 || norm("c") === 0 ? 1 : norm("p") / norm("c");
        for (const w of reference) w.p -= LR * ratio * w.c;
        expectClose(state.data.slice(6, 7), [ratio], { relative: 1e-5, absolute: 0 });
        expectClose(
          p.data,
          reference.map((w) => w.p),
          { relative: 2e-5, absolute: 2e-6, what: `p, step ${t}` },
        );
      }
    }
  });

  test("NAdam's tick counts steps, momenta and their product", () => {
    kernels.reset();
    const state = kernels.output("f64", [LR, 0, 1, 1, B1, B2, 0.3, 0]);
    for (let t = 1; t <= 50; t++) {
      kernels.run("nadamTick", state);
      const expected = [LR, t, product(t), B2 ** t, B1, B2, 0.3, momentum(t)];
      expectClose(state.data, expected, { relative: 1e-13, absolute: 0 });
    }
  });

  test("Lion does not move by a mean of 0 and hands NaN on; a centred RMSprop never takes the root of less than 0", () => {
    kernels.reset();
    const p = kernels.output("f32", [1, 1, 1]);
    const g = kernels.input("f32", [0, NaN, -3]);
    const m = kernels.output("f32", [0, 0, 0]);
    const lion = kernels.output("f64", [0.5, 0, 1, 1, B1, B2, 0, 0]);
    kernels.run("lion_f32", p, g, m, lion, 0, 0, 3);
    expect(p.data).toEqual([1, NaN, 1.5]);

    kernels.reset();
    const flat = kernels.output("f32", [1]);
    const slope = kernels.input("f32", [Math.fround(0.3)]);
    const square = kernels.output("f32", [Math.fround(0.0899)]);
    const mean = kernels.output("f32", [Math.fround(0.3)]);
    const state = kernels.output("f64", [0, 1, 1, 1, 0, 1, 0, 0]);
    kernels.run("rmsprop_f32", flat, slope, square, 0, mean, state, EPS, 0, 0, 1);
    expect(flat.data).toEqual([1]);
  });

  test.each([0.9, -1, 0, 0.25])("average of weights, decay %d", (decay) => {
    for (const n of SIZES) {
      kernels.reset();
      const mean = kernels.output("f32", new Float32Array(n).fill(7));
      const x = kernels.output("f32", n);
      const state = kernels.output("f64", [decay, 0, 0, 0]);
      let reference: number[] = [];
      for (let t = 1; t <= 4; t++) {
        x.set(noise(n, t));
        kernels.run("averageTick", state);
        kernels.run("average_f32", mean, x, state, n);
        const weight = t === 1 ? 1 : decay < 0 ? 1 / t : 1 - decay;
        reference = x.data.map((value, i) => weight * value + (1 - weight) * (reference[i] ?? 0));
        if (t === 1) expect(mean.data).toEqual(x.data);
        expectClose(mean.data, reference);
      }
    }
  });
});
