import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Worker } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { backendInfo, init, ones, WorkerLostError, type Tensor } from "../../src/index.ts";
import type { Port, Way } from "../../src/platform/port.ts";
import { u8 } from "../../src/wasm/views.ts";
import { bundle } from "../data/workers/bundle.ts";

/** The threads that were started, and how to start others. */
const started = vi.hoisted(() => ({ workers: [] as Worker[], instead: null as (() => Port) | null }));
vi.mock(import("#platform"), async (original) => {
  const platform = await original();
  const start = (): Port => {
    if (started.instead) return started.instead();
    const worker = (platform.threadWays[0] as Way).start();
    started.workers.push(worker as unknown as Worker);
    return worker;
  };
  return { ...platform, cores: () => 4, threadWays: [{ start }] };
});
vi.mock(import("../../src/program/work.ts"), async (original) => ({
  ...(await original()),
  worthSharing: () => true,
}));

let x: Tensor;
beforeEach(() => {
  x = ones([4000]);
});

afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  started.workers.length = 0;
  started.instead = null;
  await init({ threads: 1 });
  x.dispose();
});

const isShared = (): boolean => !((u8.buffer as ArrayBufferLike) instanceof ArrayBuffer);
const doubled = (): number => x.add(x).sum().item();
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** On one thread, in a memory that no thread that only was slow writes to, until it is asked for more. */
async function expectToGoOn(reason: RegExp): Promise<void> {
  expect(backendInfo().threads).toBe(1);
  expect(backendInfo().threadsReason).toMatch(reason);
  expect(isShared()).toBe(false);
  expect(doubled()).toBe(8000);
  expect(await init({ threads: 2 })).toMatchObject({ threads: 2 });
  expect(doubled()).toBe(8000);
}

describe("a lost worker thread", () => {
  it.each([2, 3])(
    "one of %i ended in the middle of a command: an error within seconds, no hang",
    async (n) => {
      await init({ threads: n });
      expect(doubled()).toBe(8000);
      void started.workers.at(-1)?.terminate();
      const begun = performance.now();
      // No word of its end can come while this thread computes.
      expect(() => {
        while (performance.now() < begun + 30_000) x.add(x).dispose();
      }).toThrow(WorkerLostError);
      expect(performance.now() - begun).toBeLessThan(20_000);
      await expectToGoOn(/gave no sign for 50\d\d ms; init\(\{ threads \}\) starts the threads anew/);
    },
  );

  it("ended while it had nothing to do: a warning, and one thread", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await init({ threads: 2 });
    await started.workers[0]?.terminate();
    for (let i = 0; i < 100 && backendInfo().threads > 1; i++) await turn();
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/worker thread 1 exited with code 1/));
    await expectToGoOn(/worker thread 1 exited/);
  });

  it("never started: init fails", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    started.instead = () => ({ postMessage: () => undefined });
    const opening = expect(init({ threads: 3 })).rejects.toThrow(
      "init: 2 of 2 worker threads did not start in 10 s; it goes on with one thread",
    );
    expect(doubled()).toBe(8000);
    await vi.advanceTimersByTimeAsync(10_000);
    await opening;
    vi.useRealTimers();
    started.instead = null;
    await expectToGoOn(/did not start/);
  });

  it("ended before it started: init fails at once", async () => {
    const opening = init({ threads: 2 });
    void started.workers[0]?.terminate();
    await expect(opening).rejects.toThrow(WorkerLostError);
    await expectToGoOn(/worker thread 1 exited/);
  });
});

describe("the pool", () => {
  it("keeps no process alive, and leaves with destroy() and init({ threads: 1 })", async () => {
    const program = await bundle("../../threads/threads.node");
    const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout: 30_000 });
    expect(stdout).toBe("2 threads, 10000000\n2 threads, 10000000\n");
  });

  it.each(["destroy", "init"])("ends its threads: %s", async (how) => {
    await init({ threads: 3 });
    const ends = started.workers.map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    expect(ends.length).toBe(2);
    const { destroy } = await import("../../src/index.ts");
    if (how === "destroy") destroy();
    else await init({ threads: 1 });
    await Promise.all(ends);
    x = ones([4000]);
  });
});
