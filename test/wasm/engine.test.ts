import { afterAll, describe, expect, it } from "vitest";
import { backendInfo, init, memory, ones, randn, scope, sum, tensor, zeros } from "../../src/index.ts";

describe("init", () => {
  afterAll(() => init({ deterministic: false, maxMemory: 2 ** 32 }));

  it("changes the binary under living tensors", async () => {
    const t = tensor([1, 2, 3]);
    const strict = await init({ deterministic: true });
    expect(strict).toMatchObject({ variant: "simd", deterministic: true });
    expect(strict.reason).toMatch(/deterministic/);
    expect(t.add(1).toArray()).toEqual([2, 3, 4]);
    const fast = await init({ deterministic: false });
    expect(fast.variant).toMatch(/simd|relaxed/);
    expect(sum(t).item()).toBe(6);
    expect(backendInfo().threadsReason).not.toBe("");
  });

  it("refuses limits that make no sense", async () => {
    await expect(init({ maxMemory: -1 })).rejects.toThrow(/maxMemory must be whole bytes from \d+/);
    await expect(init({ maxMemory: NaN })).rejects.toThrow(/got NaN/);
    await expect(init({ maxMemory: 2 ** 33 })).rejects.toThrow(/4294967296/);
  });

  it("out of memory is an error that loses nothing, and the next call works", async () => {
    const keep = ones([4]);
    await init({ maxMemory: 8 * 2 ** 20 });
    const before = memory();
    let thrown: unknown;
    try {
      scope(() => {
        const a = randn([600_000]);
        a.add(1).mul(2).sum().item();
        zeros([10_000_000]);
      });
    } catch (error) {
      thrown = error;
    }
    expect((thrown as Error).name).toBe("OutOfMemoryError");
    expect((thrown as Error).message).toMatch(/38\.15 MiB/);
    expect(memory().live).toBe(before.live);
    expect(keep.add(1).toArray()).toEqual([2, 2, 2, 2]);
    expect(zeros([100_000]).sum().item()).toBe(0);
  });
});
