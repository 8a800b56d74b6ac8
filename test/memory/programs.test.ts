import { describe, expect, it } from "vitest";
import { keep, manualSeed, memory, noGrad, randn, type Tensor } from "../../src/index.ts";
import { mlp, programs } from "./programs.ts";

// Training first: its window of 4 passes applies to what follows the first backward.
describe("programs without a dispose keep flat memory", () => {
  it.each(programs.filter((p) => !/noGrad and held|cache/.test(p.name)))("$name", ({ make }) => {
    manualSeed(1);
    const step = make();
    let early = 0;
    for (let i = 0; i < 300; i++) {
      step(i);
      if (i === 19) early = memory().live;
    }
    expect(memory().live).toBe(early);
  });

  // Without backward passes the window is one of calls: flat from call 1,152 on (+ the 128 that follow a backward).
  it.each(programs.filter((p) => /noGrad and held|cache/.test(p.name)))("$name", ({ make }) => {
    manualSeed(1);
    const step = make();
    let early = memory();
    for (let i = 0; i < 3600; i++) {
      step(i);
      if (i === 1799) early = memory();
    }
    // A generation of 128 calls is freed as a whole.
    expect(Math.abs(memory().tensors - early.tensors)).toBeLessThanOrEqual(128);
    expect(memory().reserved).toBe(early.reserved);
  });

  it("tells how to keep what noGrad's function pushed to an array outside", () => {
    const model = mlp();
    const x = randn([8, 4]);
    const outside: Tensor[] = [];
    noGrad(() => {
      outside.push(model.forward(x));
    });
    expect(() => outside[0]?.item()).toThrow(/wrap it in keep\(\) where it is made, or return it/);
    noGrad(() => {
      outside[0] = keep(model.forward(x));
    });
    expect(outside[0]?.data.length).toBe(24);
    outside[0]?.dispose();
  });
});
