import { heap } from "../wasm/engine.ts";
import type { DType } from "./dtype.ts";
import { liveHandles } from "./handle.ts";
import { tallies, type Tally } from "./storage.ts";

/** Linear memory in bytes. */
export interface MemoryStats {
  /** In use by tensors, gradients and optimiser state, in blocks of 64 bytes. */
  live: number;
  /** Most that was ever in use, or since `resetPeakMemory()`. */
  peak: number;
  /** Held from the engine; wasm memory never shrinks. */
  reserved: number;
  /** Number of live storages. */
  storages: number;
  /** Number of tensors that have not been freed, views among them. */
  tensors: number;
  /** Bytes and number of live storages by dtype. */
  byDtype: Record<DType, Tally>;
}

/**
 * How much linear memory is used.
 * @example
 * const before = memory().live;
 * step();
 * console.log(memory().live - before, memory().byDtype.f32);
 */
export function memory(): MemoryStats {
  const { live, peak, reserved, blocks } = heap().stats;
  const byDtype = Object.fromEntries(
    Object.entries(tallies).map(([dtype, tally]) => [dtype, { ...tally }]),
  ) as Record<DType, Tally>;
  return { live, peak, reserved, storages: blocks, tensors: liveHandles(), byDtype };
}

/** Starts `memory().peak` anew from what is in use now. */
export function resetPeakMemory(): void {
  heap().resetPeak();
}
