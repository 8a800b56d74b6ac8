import { describe, expect, it } from "vitest";
import { manualSeed, memory, nn, noGrad, randn, tensor, type Tensor } from "../../src/index.ts";
import { programs } from "./programs.ts";

/**
 * 10,000 calls of noGrad without a backward. What they return is freed once idle for 1,024 to 1,151 calls, so memory is that of the last
 * 1,152 results at most: no growth from call 1,152 on, and no more pages than at step 100.
 */
describe("10,000 inferences whose outputs are kept for 100 steps and dropped", { timeout: 600_000 }, () => {
  it("hold the outputs of at most 1,152 calls, and the pages of step 100", () => {
    manualSeed(0);
    const model = new nn.Sequential(new nn.Linear(16, 32), new nn.ReLU(), new nn.Linear(32, 10));
    const x = randn([4, 16]);
    let held: Tensor[] = [];
    const base = memory();
    let [pages, most, atWindow] = [0, 0, 0];
    for (let i = 1; i <= 10_000; i++) {
      held.push(noGrad(() => model.forward(x)));
      if (i % 100 === 0) held = [];
      if (i === 100) pages = memory().reserved;
      const { live } = memory();
      if (i <= 1152) atWindow = Math.max(atWindow, live);
      most = Math.max(most, live);
    }
    expect(most).toBe(atWindow);
    // [4, 10] of f32 takes three blocks of 64 bytes.
    expect(most - base.live).toBeLessThanOrEqual(1152 * 192);
    expect(memory().tensors - base.tensors).toBeLessThanOrEqual(1152);
    expect(memory().reserved).toBe(pages);
  });

  it("the same with an input made by tensor() for each call, outside of it", () => {
    const model = new nn.Linear(16, 10);
    let held: Tensor[] = [];
    const base = memory();
    let [most, atWindow] = [0, 0];
    for (let i = 1; i <= 10_000; i++) {
      const x = tensor(new Float32Array(16), { shape: [1, 16] });
      held.push(noGrad(() => model.forward(x)));
      if (i % 100 === 0) held = [];
      const { tensors } = memory();
      if (i <= 1280) atWindow = Math.max(atWindow, tensors);
      most = Math.max(most, tensors);
    }
    expect(most).toBe(atWindow);
    expect(most - base.tensors).toBeLessThanOrEqual(2 * 1152 + 1);
  });

  it.each(programs.filter((p) => /noGrad|cache/.test(p.name) && !/student/.test(p.name)))(
    "$name",
    ({ make }) => {
      const step = make();
      let early = memory();
      for (let i = 0; i < 10_000; i++) {
        step(i);
        if (i === 1400) early = memory();
      }
      expect(Math.abs(memory().tensors - early.tensors)).toBeLessThanOrEqual(128);
      expect(memory().reserved).toBe(early.reserved);
    },
  );
});
