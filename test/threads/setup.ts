import { vi } from "vitest";

/** SIMDGRAD_THREADS=2 has every test compute with so many threads, which share each command, however small. */
const threads = process.env.SIMDGRAD_THREADS;
if (threads !== undefined) {
  vi.doMock("../../src/program/work.ts", async (original) => ({
    ...(await original<object>()),
    worthSharing: () => true,
  }));
  const { init } = await import("../../src/wasm/engine.ts");
  await init({ threads: Number(threads) });
}
