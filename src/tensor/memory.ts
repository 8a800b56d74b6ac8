import { heap } from "../wasm/engine.ts";

/** Linear memory in bytes. */
export interface MemoryStats {
  /** In use by tensors, gradients and optimiser state. */
  live: number;
  /** Most that was ever in use. */
  peak: number;
  /** Held from the engine; wasm memory never shrinks. */
  reserved: number;
  /** Number of live storages. */
  storages: number;
}

/** How much linear memory is used. */
export function memory(): MemoryStats {
  const { live, peak, reserved, blocks } = heap().stats;
  return { live, peak, reserved, storages: blocks };
}
