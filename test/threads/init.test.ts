import { afterEach, describe, expect, it, vi } from "vitest";
import {
  backendInfo,
  crossEntropy,
  destroy,
  init,
  manualSeed,
  memory,
  nn,
  optim,
  ones,
  randn,
  tensor,
  zeros,
} from "../../src/index.ts";
import { epoch } from "../../src/wasm/engine.ts";
import { forSharedMemory } from "../../src/wasm/instantiate.ts";
import { u8 } from "../../src/wasm/views.ts";
import { parseBinary } from "../wasm/sections.ts";
import { wasmSource } from "#platform";

const host = vi.hoisted(() => ({ cores: 2, refused: null as string | null }));
vi.mock(import("#platform"), async (original) => ({
  ...(await original()),
  cores: () => host.cores,
  threadsRefused: () => host.refused,
}));
// Each command is shared, however small.
vi.mock(import("../../src/program/work.ts"), async (original) => ({
  ...(await original()),
  worthSharing: () => true,
}));

afterEach(async () => {
  vi.restoreAllMocks();
  Object.assign(host, { cores: 2, refused: null });
  await init({ threads: 1, deterministic: false, maxMemory: 2 ** 32 });
});

const isShared = (): boolean => !((u8.buffer as ArrayBufferLike) instanceof ArrayBuffer);

/** Takes steps of training; gives back the losses. */
function trainer(): (times: number) => number[] {
  manualSeed(2);
  const layers = [new nn.Linear(30, 200), new nn.Tanh(), new nn.Dropout(0.1), new nn.Linear(200, 7)];
  const model = new nn.Sequential(...layers);
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.01 });
  return (times) =>
    Array.from({ length: times }, () => {
      optimizer.zeroGrad();
      const y = tensor(
        Array.from({ length: 90 }, (_, i) => i % 7),
        { dtype: "i32" },
      );
      const loss = crossEntropy(model.forward(randn([90, 30])), y);
      loss.backward();
      optimizer.step();
      return loss.item();
    });
}

describe("init({ threads })", () => {
  it("moves a running program to shared memory: values, gradients, optimiser and random stream go on", async () => {
    const expected = trainer()(9);
    destroy();
    const steps = trainer();
    const losses = steps(3);
    const x = ones([3], { requiresGrad: true });
    x.mul(tensor([1, 2, 3]))
      .sum()
      .backward();
    expect(isShared()).toBe(false);
    const before = epoch;
    expect(await init({ threads: 2 })).toMatchObject({
      threads: 2,
      threadsReason: "init has asked for them",
    });
    expect(isShared()).toBe(true);
    expect(epoch).toBeGreaterThan(before);
    expect(x.grad?.toArray()).toEqual([1, 2, 3]);
    losses.push(...steps(2));
    await init({ threads: 3 });
    losses.push(...steps(2));
    await init({ threads: 1 });
    expect(backendInfo()).toMatchObject({ threads: 1, threadsReason: "init has asked for one thread" });
    losses.push(...steps(2));
    expect(losses).toEqual(expected);
    destroy();
    expect(memory().live).toBe(0);
  });

  it("lets the memory grow while threads run", async () => {
    await init({ threads: 2 });
    const small = ones([1000]);
    const before = memory().reserved;
    const large = zeros([4_000_000]).add(1);
    expect(memory().reserved).toBeGreaterThan(before);
    expect(large.sum().item()).toBe(4_000_000);
    expect(small.add(1).sum().item()).toBe(2000);
    large.dispose();
    small.dispose();
  });

  it("goes together with the other choices, in any order, several times, and without waiting", async () => {
    const t = ones([100]);
    await init({ deterministic: true, threads: 2 });
    expect(backendInfo()).toMatchObject({ deterministic: true, threads: 2 });
    const { reserved } = memory();
    await init({ maxMemory: reserved + 2 ** 22 });
    expect(() => zeros([2 ** 22])).toThrow(/limit/);
    await init({ threads: 2 });
    await init({ deterministic: false });
    expect(backendInfo().threads).toBe(2);
    void init({ threads: 3 });
    void init({ deterministic: true });
    expect(t.add(1).sum().item()).toBe(200); // meanwhile on one thread
    const last = await init({ threads: 4, maxMemory: 2 ** 32 });
    expect(last).toMatchObject({ threads: 4, deterministic: true });
    expect(t.add(1).sum().item()).toBe(200);
    t.dispose();
  });

  it("tells of an error in a shared command, and goes on", async () => {
    await init({ threads: 2 });
    const logits = randn([300, 5], { requiresGrad: true });
    const label = (bad: number) =>
      tensor(
        Array.from({ length: 300 }, (_, i) => (i === bad ? 9 : i % 5)),
        { dtype: "i32" },
      );
    expect(() => crossEntropy(logits, label(250))).toThrow(/250/);
    crossEntropy(logits, label(-1)).backward();
    expect(backendInfo().threads).toBe(2);
    destroy();
  });

  it.each([0, -1, 1.5, 65, NaN, "many" as "auto"])("refuses %s", async (threads) => {
    await expect(init({ threads })).rejects.toThrow(
      /init: threads must be "auto" or a whole number from 1 to 64/,
    );
    expect(backendInfo().threads).toBe(1);
  });

  it("stays on one thread where the host has no more, and says why", async () => {
    host.cores = 1;
    expect(await init({ threads: "auto" })).toMatchObject({
      threads: 1,
      threadsReason: "this machine has one core",
    });
    Object.assign(host, { cores: 4, refused: "no headers" });
    expect(await init({ threads: 3 })).toMatchObject({ threads: 1, threadsReason: "no headers" });
    expect(isShared()).toBe(false);
    host.refused = null;
    expect(await init({ threads: "auto" })).toMatchObject({ threads: 4 });
    host.cores = 100;
    expect(await init({ threads: "auto" })).toMatchObject({ threads: 8 });
    destroy();
    expect(backendInfo().threads).toBe(1);
  });

  it("asks for less address space where the host refuses", async () => {
    destroy();
    const { Memory } = WebAssembly;
    const asked: number[] = [];
    vi.spyOn(WebAssembly, "Memory").mockImplementation(function (descriptor: WebAssembly.MemoryDescriptor) {
      if (descriptor.shared === true) {
        asked.push(descriptor.maximum ?? 0);
        if ((descriptor.maximum ?? 0) > 2 ** 14) throw new RangeError("could not allocate memory");
      }
      return new Memory(descriptor);
    });
    const t = ones([7]);
    expect(await init({ threads: 2 })).toMatchObject({ threads: 2 });
    expect(asked).toEqual([2 ** 16, 2 ** 15, 2 ** 14]);
    expect(t.add(1).sum().item()).toBe(14);
    t.dispose();
  });
});

it("a binary for shared memory differs in the limits of its import", () => {
  const plain = wasmSource("simd") as Uint8Array;
  const { imports: before, ...rest } = parseBinary(plain);
  const { imports, ...same } = parseBinary(forSharedMemory(plain));
  expect(same).toEqual(rest);
  expect(imports).toEqual([{ ...before[0], memory: { ...before[0]?.memory, shared: true, maximum: 65536 } }]);
});
