import { ValueError } from "../errors.ts";
import { heapInUse, shutDown } from "../wasm/engine.ts";
import type { DType } from "./dtype.ts";
import { forgetHandles, liveHandles } from "./handle.ts";
import { isInsideFrame } from "./lifetime.ts";
import { forgetTraces } from "./sites.ts";
import { forgetTallies, tallies, type Tally } from "./storage.ts";
import { forgetChapters } from "./windows.ts";

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

/** Before anything has used the memory, and after `destroy()`. */
const NOTHING = { live: 0, peak: 0, reserved: 0, blocks: 0 };

/**
 * How much linear memory is used.
 * @example
 * const before = memory().live;
 * step();
 * console.log(memory().live - before, memory().byDtype.f32);
 */
export function memory(): MemoryStats {
  const { live, peak, reserved, blocks } = heapInUse?.stats ?? NOTHING;
  const byDtype = Object.fromEntries(
    Object.entries(tallies).map(([dtype, tally]) => [dtype, { ...tally }]),
  ) as Record<DType, Tally>;
  return { live, peak, reserved, storages: blocks, tensors: liveHandles(), byDtype };
}

/** Starts `memory().peak` anew from what is in use now. */
export function resetPeakMemory(): void {
  heapInUse?.resetPeak();
}

/**
 * Gives everything back: frees all tensors, parameters and optimiser state among them, and drops the memory and the kernels. What comes
 * next starts anew, with the choices of `init` and the default seed; a tensor or a model from before is a DisposedError.
 * @throws {ValueError} inside of noGrad, scope or a module's forward.
 * @example
 * destroy();
 * memory().reserved; // 0
 */
export function destroy(): void {
  if (isInsideFrame()) {
    throw new ValueError(
      "destroy: cannot run inside of noGrad, scope, an op or a module's forward; call it at top level",
    );
  }
  shutDown();
  forgetTallies();
  forgetHandles();
  forgetTraces();
  forgetChapters();
}
