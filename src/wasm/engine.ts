import { env, host, wasmSource } from "#platform";
import { PlatformError, ValueError } from "../errors.ts";
import { ABI } from "./abi.gen.ts";
import { hasRelaxedSimd, hasSimd, type Variant } from "./features.ts";
import { Heap } from "./heap.ts";
import { instantiate, type Exports } from "./instantiate.ts";
import { refreshViews } from "./views.ts";

/** Layout of the first page: nothing at 0 (a null pointer stays invalid), the status words, the random state, the eager command. */
export const STATUS = 64;
export const RANDOM = 80;
export const COMMAND = 128;
export const COMMAND_BYTES = 32768;
const HEAP_BASE = 65536;
const PAGE = 65536;
const WASM_MAX = 65536 * PAGE;
const INITIAL_PAGES = 32;

interface Engine {
  readonly memory: WebAssembly.Memory;
  readonly heap: Heap;
  exports: Exports;
  variant: Variant;
}

export interface InitOptions {
  /** Same bits on every engine and host: runs the plain SIMD binary. Default: the environment's SIMDGRAD_DETERMINISTIC=1, else false. */
  deterministic?: boolean;
  /** Upper bound of linear memory in bytes. Default 4 GiB. */
  maxMemory?: number;
}

let engine: Engine | null = null;
let deterministic: boolean | null = null;
/** Upper bound of linear memory. */
let most = WASM_MAX;

function wanted(): { variant: Variant; reason: string } {
  if (!hasSimd()) {
    throw new PlatformError(
      `simdgrad: this engine has no WebAssembly SIMD (${host}); Node ≥ 16.4, Chrome ≥ 91, Firefox ≥ 89 and Safari ≥ 16.4 have it`,
    );
  }
  if (deterministic ?? env("SIMDGRAD_DETERMINISTIC") === "1") {
    return {
      variant: "simd",
      reason: "deterministic mode runs the plain SIMD binary: the same bits everywhere",
    };
  }
  if (!hasRelaxedSimd()) {
    return {
      variant: "simd",
      reason:
        "this engine has no relaxed SIMD (fused multiply-add): Node ≥ 22, Chrome ≥ 114 and Firefox ≥ 145 have it",
    };
  }
  return { variant: "relaxed", reason: "relaxed SIMD: the fastest binary" };
}

/** The generated files name the signatures that they were made from; a binary of another build is refused. */
function load(variant: Variant, memory: WebAssembly.Memory): Exports {
  const exports = instantiate(wasmSource(variant), memory);
  const abi = exports.abi() >>> 0;
  if (abi !== ABI >>> 0) {
    throw new PlatformError(
      `simdgrad: simdgrad.${variant}.wasm belongs to another build (its signatures hash to ${abi.toString(16)}, this program expects ${(ABI >>> 0).toString(16)}); ship the .wasm files of the same package version`,
    );
  }
  return exports;
}

function boot(): Engine {
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: WASM_MAX / PAGE });
  const { variant } = wanted();
  const exports = load(variant, memory);
  refreshViews(memory.buffer);
  const heap = new Heap({
    base: HEAP_BASE,
    size: INITIAL_PAGES * PAGE - HEAP_BASE,
    limit: most - HEAP_BASE,
    grow(bytes) {
      const missing = bytes - memory.buffer.byteLength;
      if (missing <= 0) return true;
      try {
        memory.grow(Math.ceil(missing / PAGE));
      } catch {
        return false; // the engine refuses: the heap reports it as out of memory
      }
      refreshViews(memory.buffer);
      return true;
    },
  });
  engine = { memory, heap, exports, variant };
  return engine;
}

const current = (): Engine => engine ?? boot();

/** The heap, if anything has used it. */
export const heapInUse = (): Heap | null => engine?.heap ?? null;

/** Drops the memory and the kernels; what comes next boots anew, with what `init` has chosen. */
export function shutDown(): void {
  engine?.heap.destroy();
  engine = null;
  refreshViews(new ArrayBuffer(0));
}

export const heap = (): Heap => current().heap;
export const exports = (): Exports => current().exports;

/**
 * Chooses how the runtime works; never needed before use. May be called at any time: tensors that exist stay valid.
 * @throws {ValueError} maxMemory below what is reserved already.
 * @throws {PlatformError} the engine cannot run the kernels.
 */
export function init(options: InitOptions = {}): Promise<BackendInfo> {
  return new Promise((resolve) => {
    const { maxMemory } = options;
    if (maxMemory !== undefined) {
      const { memory, heap } = current();
      const least = memory.buffer.byteLength;
      if (!Number.isInteger(maxMemory) || maxMemory < least || maxMemory > WASM_MAX) {
        throw new ValueError(
          `init: maxMemory must be whole bytes from ${least} (reserved already) to ${WASM_MAX}, got ${maxMemory}`,
        );
      }
      most = maxMemory;
      heap.limit = most - HEAP_BASE;
    }
    if (options.deterministic !== undefined) deterministic = options.deterministic;
    const now = current();
    const { variant } = wanted();
    if (variant !== now.variant) {
      // Kernels have no state of their own, so another binary can take over the same memory.
      now.exports = load(variant, now.memory);
      now.variant = variant;
    }
    resolve(backendInfo());
  });
}

export interface BackendInfo {
  /** Which kernel binary runs. */
  variant: Variant;
  /** Why this one. */
  reason: string;
  /** Threads that share the work. */
  threads: number;
  /** Why not more. */
  threadsReason: string;
  /** The kind of host: "node", "browser" … */
  host: string;
  /** Whether results are the same bits on every engine. */
  deterministic: boolean;
}

/** What runs the kernels here, and why not something faster. */
export function backendInfo(): BackendInfo {
  const { variant } = current();
  return {
    variant,
    reason: wanted().reason,
    threads: 1,
    threadsReason: "this version computes on one thread",
    host,
    deterministic: variant === "simd",
  };
}
