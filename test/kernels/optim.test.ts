import { describe, expect, test } from "vitest";
import { expectClose, Kernels, noise, variants } from "./buffers.ts";

const SIZES = [0, 1, 3, 4, 5, 15, 16, 17, 1000];
const STEPS = 5;
const [LR, EPS] = [0.01, Math.fround(1e-8)];

describe.each(variants)("optimisers, %s", (variant) => {
  const kernels = new Kernels(variant);

  test.each([
    { name: "Adam", decay: 0, decoupled: false, amsgrad: false, maximize: false },
    { name: "Adam with L2", decay: 0.1, decoupled: false, amsgrad: false, maximize: true },
    { name: "AMSGrad", decay: 0, decoupled: false, amsgrad: true, maximize: false },
    { name: "AdamW", decay: 0.1, decoupled: true, amsgrad: false, maximize: false },
    { name: "AdamW, maximising, AMSGrad", decay: 0.1, decoupled: true, amsgrad: true, maximize: true },
  ])("$name", ({ decay, decoupled, amsgrad, maximize }) => {
    for (const n of SIZES) {
      kernels.reset();
      const p = kernels.output("f32", noise(n));
      const g = kernels.output("f32", n);
      const [m, v, vmax] = [0, 0, 0].map(() => kernels.output("f32", new Float32Array(n)));
      const state = kernels.output("f64", [LR, 0, 1, 1, 0.9, 0.999, 0, 0]);
      if (!m || !v || !vmax) throw new Error("no buffers");
      const reference = p.data.map((value) => ({ p: value, m: 0, v: 0, vmax: 0 }));
      for (let t = 1; t <= STEPS; t++) {
        g.set(noise(n, t));
        kernels.run("adamTick", state);
        expectClose(state.data, [LR, t, 0.9 ** t, 0.999 ** t, 0.9, 0.999, 0, 0], {
          relative: 1e-14,
          absolute: 0,
        });
        const flags = [Number(decoupled), Number(maximize)];
        const numbers = [EPS, Math.fround(decay), ...flags, n];
        kernels.run("adam_f32", p, g, m, v, amsgrad ? vmax : 0, state, ...numbers);
        const slopes = g.data;
        for (const [i, one] of reference.entries()) {
          let slope = (slopes[i] as number) * (maximize ? -1 : 1);
          if (decoupled) one.p *= 1 - LR * decay;
          else slope += decay * one.p;
          one.m = 0.9 * one.m + 0.1 * slope;
          one.v = 0.999 * one.v + 0.001 * slope ** 2;
          one.vmax = Math.max(one.vmax, one.v);
          const root = Math.sqrt(amsgrad ? one.vmax : one.v) / Math.sqrt(1 - 0.999 ** t);
          one.p -= ((LR / (1 - 0.9 ** t)) * one.m) / (root + EPS);
        }
        expectClose(
          p.data,
          reference.map((one) => one.p),
        );
        expectClose(
          m.data,
          reference.map((one) => one.m),
        );
        expectClose(
          v.data,
          reference.map((one) => one.v),
        );
        if (amsgrad)
          expectClose(
            vmax.data,
            reference.map((one) => one.vmax),
          );
      }
    }
  });

  test.each([
    { momentum: 0, dampening: 0, decay: 0, nesterov: false, maximize: false },
    { momentum: 0, dampening: 0, decay: 0.1, nesterov: false, maximize: true },
    { momentum: 0.9, dampening: 0, decay: 0, nesterov: false, maximize: false },
    { momentum: 0.9, dampening: 0.5, decay: 0.1, nesterov: false, maximize: false },
    { momentum: 0.9, dampening: 0, decay: 0.1, nesterov: true, maximize: true },
  ])("SGD: %j", ({ momentum, dampening, decay, nesterov, maximize }) => {
    for (const n of SIZES) {
      kernels.reset();
      const p = kernels.output("f32", noise(n));
      const g = kernels.output("f32", n);
      // What stands in the buffer before the first step does not count.
      const buf = kernels.output("f32", new Float32Array(n).fill(NaN));
      const state = kernels.output("f64", [LR, 0, 0, 0, momentum, 0, 0, 0]);
      const reference = p.data.map((value) => ({ p: value, buf: 0 }));
      for (let t = 1; t <= STEPS; t++) {
        g.set(noise(n, t));
        kernels.run("sgdTick", state);
        expect(state.data[1]).toBe(t);
        const flags = [Number(nesterov), Number(maximize)];
        const numbers = [dampening, decay].map(Math.fround);
        kernels.run("sgd_f32", p, g, momentum === 0 ? 0 : buf, state, ...numbers, ...flags, n);
        const slopes = g.data;
        for (const [i, one] of reference.entries()) {
          const slope = (slopes[i] as number) * (maximize ? -1 : 1) + decay * one.p;
          one.buf = t === 1 ? slope : momentum * one.buf + (1 - dampening) * slope;
          const step = momentum === 0 ? slope : nesterov ? slope + momentum * one.buf : one.buf;
          one.p -= LR * step;
        }
        expectClose(
          p.data,
          reference.map((one) => one.p),
        );
        if (momentum !== 0)
          expectClose(
            buf.data,
            reference.map((one) => one.buf),
          );
      }
    }
  });
});
