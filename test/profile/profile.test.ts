import { describe, expect, it } from "vitest";
import {
  add,
  compile,
  conv2d,
  crossEntropy,
  exp,
  matmul,
  mul,
  nn,
  noGrad,
  ones,
  optim,
  profile,
  scope,
  sum,
  tensor,
  type Profile,
} from "../../src/index.ts";
import { expectNoLeaks, inScope } from "../autograd/leaks.ts";

const calls = ({ entries }: Profile): Record<string, number> =>
  Object.fromEntries(entries.map(({ name, calls }) => [name, calls]));

describe("profile", () => {
  expectNoLeaks();

  it(
    "counts kernels by the op that called for them, and gives the result",
    inScope(() => {
      const x = ones([3, 4]);
      const p = profile(() => exp(add(exp(x), x)));
      expect(p.result.shape).toEqual([3, 4]);
      expect(calls(p)).toEqual({ exp: 2, add: 1 });
    }),
  );

  it(
    "adds up to the whole time",
    inScope(() => {
      const x = ones([64, 64]);
      const { entries, kernelMs, wallMs } = profile(() => sum(matmul(x, x)));
      expect(entries.map(({ ms }) => ms)).toEqual(entries.map(({ ms }) => ms).sort((a, b) => b - a));
      expect(entries.reduce((total, { ms }) => total + ms, 0)).toBeCloseTo(kernelMs, 9);
      for (const { ms, share } of entries) expect(share).toBeCloseTo(ms / wallMs, 9);
      expect(kernelMs).toBeLessThanOrEqual(wallMs);
    }),
  );

  it(
    "estimates operations and bytes",
    inScope(() => {
      const x = ones([32, 64]);
      const y = ones([64, 16]);
      const { entries } = profile(() => exp(matmul(x, y)));
      const [product, map] = ["matmul", "exp"].map((name) => entries.find((entry) => entry.name === name));
      expect(product?.flops).toBe(2 * 32 * 64 * 16);
      expect(product?.bytes).toBe(4 * (32 * 64 + 64 * 16 + 32 * 16));
      expect(map?.bytes).toBe(4 * 2 * 32 * 16);
    }),
  );

  it.each([
    { name: "one that is transformed", channels: [16, 32], side: 20, groups: 1 },
    { name: "one that is not", channels: [3, 8], side: 5, groups: 1 },
    { name: "a depthwise one", channels: [8, 8], side: 6, groups: 8 },
  ])("counts the direct algorithm's operations of a convolution: $name", ({ channels, side, groups }) => {
    scope(() => {
      const [from = 0, to = 0] = channels;
      const x = ones([2, from, side, side]);
      const w = ones([to, from / groups, 3, 3]);
      const { entries } = profile(() => conv2d(x, w, null, { padding: 1, groups }));
      expect(entries.map(({ name }) => name)).toEqual(["conv2d"]);
      const direct = 2 * 2 * (from / groups) * to * side * side * 9;
      expect(entries[0]?.flops).toBeGreaterThanOrEqual(direct);
      expect(entries[0]?.flops).toBeLessThan(1.2 * direct);
      expect(entries[0]?.bytes).toBeGreaterThanOrEqual(4 * 2 * (from + to) * side * side);
    });
  });

  it(
    "keeps gradients apart, and puts what rules call under them",
    inScope(() => {
      const x = tensor([[1, 2, 3]], { requiresGrad: true });
      const label = tensor([2], { dtype: "i32" });
      const p = profile(() => crossEntropy(mul(x, x), label).backward());
      const names = Object.keys(calls(p)).filter((name) => !/_f32|_32/.test(name));
      expect(names.sort()).toEqual(["backward of crossEntropy", "backward of mul", "crossEntropy", "mul"]);
      x.grad?.dispose();
    }),
  );

  it(
    "takes an op that is made of others as one",
    inScope(() => {
      const [x, row] = [ones([2, 3]), ones([3])];
      // A product, then a sum in place.
      const p = profile(() => x.add_(row, { alpha: 2 }));
      expect(calls(p)).toEqual({ add_: 1 });
      const { traceEvents } = JSON.parse(p.toChromeTrace()) as { traceEvents: Event[] };
      const ops = traceEvents.filter(({ cat }) => cat === "op").map(({ name }) => name);
      expect(ops).toEqual(["add_", "mul", "add_"]);
      expect(x.toArray()).toEqual([
        [3, 3, 3],
        [3, 3, 3],
      ]);
    }),
  );

  it(
    "names kernels that no op calls for, such as an optimiser's",
    inScope(() => {
      const layer = new nn.Linear(3, 2);
      const optimizer = new optim.Adam(layer.parameters());
      const p = profile(() => {
        sum(layer.forward(ones([1, 3]))).backward();
        optimizer.step();
      });
      expect(calls(p)).toMatchObject({ linear: 1, "backward of linear": 1, adam_f32: 2 });
      optimizer.zeroGrad();
      optimizer.dispose();
      layer.dispose();
    }),
  );

  it(
    "sees a compiled function when it is recorded, by ops, and when it is replayed, by kernels",
    inScope(() => {
      const x = ones([4, 5]);
      const step = compile((t) => noGrad(() => matmul(exp(t), tensor([[1], [2], [3], [4], [5]]))));
      const first = profile(() => step(x));
      expect(calls(first)).toMatchObject({ exp: 1, matmul: 1 });
      const second = profile(() => step(x));
      expect(second.entries.reduce((total, { calls }) => total + calls, 0)).toBe(step.stats()?.commands);
      expect(second.result.toArray()).toEqual(first.result.toArray());
      step.dispose();
    }),
  );

  it(
    "leaves everything as it was when the function throws",
    inScope(() => {
      const x = ones([2]);
      expect(() => profile(() => add(x, ones([3])))).toThrow(/add/);
      expect(profile(() => add(x, x)).result.toArray()).toEqual([2, 2]);
      const outer = profile(() => profile(() => exp(x)));
      expect(calls(outer.result)).toEqual({ exp: 1 });
      expect(calls(outer)).toEqual({ exp_f32: 1 });
    }),
  );

  it("takes synchronous functions", () => {
    expect(() => profile(() => Promise.resolve(1))).toThrow(TypeError);
    expect(() => profile(() => Promise.resolve(1))).toThrow(/profile: the function returned a promise/);
  });
});

describe("the table", () => {
  it(
    "is aligned and ends in JavaScript's share and the total",
    inScope(() => {
      const x = ones([16, 16]);
      const lines = String(profile(() => exp(matmul(x, x)))).split("\n");
      expect(lines.map((line) => line.split(/ {2,}/)[0]).sort()).toEqual([
        "",
        "JavaScript",
        "exp",
        "matmul",
        "total",
      ]);
      expect(lines.at(-1)).toMatch(/^total +\d+\.\d{3} +100\.0 %$/);
      const right = /share/.exec(lines[0] ?? "")?.index;
      for (const line of lines.slice(1)) expect(line.indexOf(" %")).toBe(Number(right) + 3);
    }),
  );
});

interface Event {
  name: string;
  cat: string;
  ph: string;
  ts: number;
  dur: number;
}

describe("the Chrome trace", () => {
  it(
    "has complete events in microseconds, kernels inside their ops",
    inScope(() => {
      const x = ones([4, 4]);
      const p = profile(() => exp(add(x, x)));
      const { traceEvents } = JSON.parse(p.toChromeTrace()) as { traceEvents: Event[] };
      expect(traceEvents.map(({ name, cat }) => `${cat} ${name}`)).toEqual([
        "op add",
        "op exp",
        "kernel add_f32",
        "kernel exp_f32",
      ]);
      const [addOp, expOp, addKernel, expKernel] = traceEvents as [Event, Event, Event, Event];
      for (const [outer, inner] of [
        [addOp, addKernel],
        [expOp, expKernel],
      ] as const) {
        expect(inner.ts).toBeGreaterThanOrEqual(outer.ts);
        expect(inner.ts + inner.dur).toBeLessThanOrEqual(outer.ts + outer.dur + 1e-6);
      }
      for (const { ph, ts, dur } of traceEvents) {
        expect(ph).toBe("X");
        expect(ts + dur).toBeLessThanOrEqual(p.wallMs * 1000 + 1e-6);
      }
    }),
  );
});
