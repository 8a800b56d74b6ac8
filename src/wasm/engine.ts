import { cores, env, host, threadsRefused, threadWays } from "#platform";
import { PlatformError, ValueError } from "../errors.ts";
import type { Port, Way } from "../platform/port.ts";
import { ABI } from "./abi.gen.ts";
import { announce } from "./copies.ts";
import { hasRelaxedSimd, hasSimd, type Variant } from "./features.ts";
import { Heap } from "./heap.ts";
import { compile, instantiate, type Exports } from "./instantiate.ts";
import { HEAP_BASE, MOST_PARTS, TEAM, TEAM_BYTES } from "./layout.ts";
import { Pool } from "./pool.ts";
import { provide, relaxedLacks, sourceOf, type WasmSource } from "./source.ts";
import { refreshViews, u8 } from "./views.ts";

const PAGE = 65536;
const WASM_MAX = 65536 * PAGE;
const INITIAL_PAGES = 32;
/** "auto" takes no more: the parts of what is worth sharing become small. */
const MOST_AUTO = 8;

interface Engine {
  memory: WebAssembly.Memory;
  readonly heap: Heap;
  module: WebAssembly.Module;
  exports: Exports;
  variant: Variant;
}

export interface InitOptions {
  /**
   * Threads that share the work, the calling one among them: a number from 1 to 64, or "auto", one a core and at most 8. Default 1; where
   * the host cannot, it stays at 1, and `backendInfo().threadsReason` says why. Results do not depend on it.
   */
  threads?: number | "auto";
  /**
   * Starts a worker thread from the file `simdgrad/worker`, as often as there are threads besides this one. For pages whose bundler or
   * policy leaves no other way; also used when they are started anew.
   * @example
   * await init({ threads: "auto", worker: () => new Worker("/assets/simdgrad-worker.js", { type: "module" }) });
   */
  worker?: () => Port;
  /** Same bits on every engine and host: runs the plain SIMD binary. Default: the environment's SIMDGRAD_DETERMINISTIC=1, else false. */
  deterministic?: boolean;
  /** Upper bound of linear memory in bytes. Default 4 GiB. */
  maxMemory?: number;
  /**
   * The kernels, where the entry does not bring them (`simdgrad/core`) or others are wanted: simdgrad.simd.wasm, or that and
   * simdgrad.relaxed.wasm, of the same version. Default: the entry's own.
   */
  wasm?: WasmSource;
}

let engine: Engine | null = null;
/** The heap, if anything has used it. */
export let heapInUse: Heap | null = null;
let pool: Pool | null = null;
let ways: readonly Way[] = threadWays;
let deterministic: boolean | null = null;
/** Upper bound of linear memory. */
let most = WASM_MAX;
const UNASKED = 'one thread is the default: await init({ threads: "auto" }) shares the work';
let threadsReason = UNASKED;

/** Goes up whenever the memory, the kernels or the number of threads change: what was recorded before may name what is no more. */
export let epoch = 0;

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
  const lack = relaxedLacks();
  if (lack !== null) return { variant: "simd", reason: lack };
  return { variant: "relaxed", reason: "relaxed SIMD: the fastest binary" };
}

/** The generated files name the signatures that they were made from; a binary of another build is refused. */
function load(variant: Variant, memory: WebAssembly.Memory): Pick<Engine, "module" | "exports" | "variant"> {
  const module = compile(sourceOf(variant), isShared(memory));
  const exports = instantiate(module, memory);
  const abi = exports.abi() >>> 0;
  if (abi !== ABI >>> 0) {
    throw new PlatformError(
      `simdgrad: simdgrad.${variant}.wasm belongs to another build (its signatures hash to ${abi.toString(16)}, this program expects ${(ABI >>> 0).toString(16)}); ship the .wasm files of the same package version`,
    );
  }
  return { module, exports, variant };
}

const isShared = ({ buffer }: WebAssembly.Memory): boolean => !(buffer instanceof ArrayBuffer);

function boot(): Engine {
  const memory = new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum: WASM_MAX / PAGE });
  const kernels = load(wanted().variant, memory);
  refreshViews(memory.buffer);
  const heap = new Heap({
    base: HEAP_BASE,
    size: INITIAL_PAGES * PAGE - HEAP_BASE,
    limit: most - HEAP_BASE,
    grow(bytes) {
      const { memory } = current();
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
  engine = { memory, heap, ...kernels };
  heapInUse = heap;
  announce();
  epoch++;
  return engine;
}

const current = (): Engine => engine ?? boot();

/** Drops the memory, the kernels and the threads; what comes next boots anew, with what `init` has chosen, on one thread. */
export function shutDown(): void {
  stopThreads(UNASKED);
  engine?.heap.destroy();
  engine = null;
  heapInUse = null;
  epoch++;
  refreshViews(new ArrayBuffer(0));
}

export const heap = (): Heap => current().heap;
export const exports = (): Exports => current().exports;

/** The threads that share the work with this one, if there are any. */
export const team = (): Pool | null => (pool?.running === true ? pool : null);

function stopThreads(reason: string): void {
  threadsReason = reason;
  if (pool?.running === true) epoch++;
  pool?.stop();
  pool = null;
}

/** The same bytes at the same addresses of another memory, which an instance of the kernels of its own works on. */
function migrate(now: Engine, memory: WebAssembly.Memory, variant: Variant): void {
  const kernels = load(variant, memory);
  new Uint8Array(memory.buffer).set(new Uint8Array(now.memory.buffer));
  Object.assign(now, { memory, ...kernels });
  refreshViews(memory.buffer);
  epoch++;
}

/** Address space is all that its maximum costs, and phones are short of that. */
function sharedMemory(pages: number): WebAssembly.Memory {
  for (let maximum = WASM_MAX / PAGE; ; maximum = Math.max(pages, maximum >>> 1)) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum, shared: true });
    } catch (error) {
      if (!(error instanceof RangeError) || maximum === pages) throw error;
    }
  }
}

function startThreads(now: Engine, parts: number): void {
  u8.fill(0, TEAM, TEAM + TEAM_BYTES);
  threadsReason = "the worker threads are starting";
  const mine = new Pool({ module: now.module, memory: now.memory, parts }, ways, now.exports, (reason) => {
    if (pool !== mine) return;
    stopThreads(`${reason}; init({ threads }) starts the threads anew`);
    try {
      // Should it only have been slow, it may write to the memory that nobody uses any more.
      const pages = now.memory.buffer.byteLength / PAGE;
      migrate(now, new WebAssembly.Memory({ initial: pages, maximum: WASM_MAX / PAGE }), now.variant);
    } catch {
      // No room for a second memory: the old one serves on.
    }
  });
  pool = mine;
  mine.started.then(
    () => {
      if (pool !== mine) return;
      threadsReason = "init has asked for them";
      epoch++;
    },
    () => undefined, // whoever awaits init hears it
  );
}

/**
 * Chooses how the runtime works; never needed before use. May be called at any time: tensors that exist stay valid.
 * @throws {ValueError} maxMemory below what is reserved already, or a number of threads that makes no sense.
 * @throws {WorkerLostError} a worker thread does not start.
 * @throws {PlatformError} the engine cannot run the kernels, or they cannot be loaded.
 * @example
 * await init({ threads: "auto" });
 */
export async function init(options: InitOptions = {}): Promise<BackendInfo> {
  const { maxMemory, threads } = options;
  if (threads !== undefined && threads !== "auto") {
    if (!Number.isInteger(threads) || threads < 1 || threads > MOST_PARTS)
      throw new ValueError(
        `init: threads must be "auto" or a whole number from 1 to ${MOST_PARTS}, got ${threads}`,
      );
  }
  const others = options.wasm !== undefined && engine !== null;
  if (options.wasm !== undefined) await provide(options.wasm);
  const now = current();
  if (maxMemory !== undefined) {
    const least = now.memory.buffer.byteLength;
    if (!Number.isInteger(maxMemory) || maxMemory < least || maxMemory > WASM_MAX) {
      throw new ValueError(
        `init: maxMemory must be whole bytes from ${least} (reserved already) to ${WASM_MAX}, got ${maxMemory}`,
      );
    }
    most = maxMemory;
    now.heap.limit = most - HEAP_BASE;
  }
  if (options.deterministic !== undefined) deterministic = options.deterministic;
  if (options.worker !== undefined) ways = [{ start: options.worker }];
  const { variant } = wanted();
  const before = pool?.parts ?? 1;
  const [parts, reason] = threads === undefined ? [before, threadsReason] : partsFor(threads, variant);
  if (parts !== before || variant !== now.variant || others) {
    stopThreads(reason);
    // Kernels have no state of their own, so another binary can take over the same memory.
    if (parts > 1 && !isShared(now.memory))
      migrate(now, sharedMemory(now.memory.buffer.byteLength / PAGE), variant);
    else if (variant !== now.variant || others) {
      Object.assign(now, load(variant, now.memory));
      epoch++;
    }
    if (parts > 1) startThreads(now, parts);
  } else threadsReason = reason;
  await pool?.started;
  return backendInfo();
}

/** How many threads there will be, and why not more. */
function partsFor(asked: number | "auto", variant: Variant): [parts: number, reason: string] {
  if (asked === 1) return [1, "init has asked for one thread"];
  const refusal: string | null = threadsRefused();
  if (refusal !== null) return [1, refusal];
  if (!ArrayBuffer.isView(sourceOf(variant)))
    return [
      1,
      "the kernels came as a compiled module, which cannot share memory: give init({ wasm }) their bytes",
    ];
  if (cores() === 1) return [1, "this machine has one core"];
  return [asked === "auto" ? Math.min(cores(), MOST_AUTO) : asked, ""];
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
    threads: team()?.parts ?? 1,
    threadsReason,
    host,
    deterministic: variant === "simd",
  };
}
