import { watch } from "../autograd/watch.ts";
import { DisposedError } from "../errors.ts";
import { heap } from "../wasm/engine.ts";
import type { Tensor } from "./tensor.ts";

/**
 * Who frees what. JavaScript cannot see linear memory and runs finalizers too late, so ownership is a rule (docs/memory.md):
 *
 * - An op's temporaries end with the op. What is made inside `noGrad` or `scope` ends there, unless returned, kept or held by a module.
 * - What a module makes inside `forward` and does not return belongs to the graph: backward frees it.
 * - Anything else made since the first backward is freed once IDLE_PASSES consecutive passes neither used nor read it.
 * - Exempt: what was made before the first backward, what a module or an optimiser holds in a field, and `keep()`.
 *
 * Open frames (ops, modules, scopes) nest, so the tensors made inside them stand on one stack and each frame is a suffix of it.
 */
const IDLE_PASSES = 4;
const RING = IDLE_PASSES + 2;

const made: Tensor[] = [];
let frames = 0;
let passes = 0;
/** Top-level tensors by the pass in which they were last known to be used. */
const buckets: Tensor[][] = Array.from({ length: RING }, () => []);
/** Made by a module outside of every graph: nothing but the end of the next backward can tell that they are done. */
let untilBackward: Tensor[] = [];

/** Every new handle passes here. */
export function born(t: Tensor): void {
  if (sites) t.site = callSite();
  if (frames > 0) made.push(t);
  else settle(t);
}

/** What a call of `dispose` leaves in `freedBy`. */
export const DISPOSED = "dispose()";

/** Notes a use; a freed tensor is an error that tells what freed it. */
export function touch(t: Tensor, op: string): void {
  if (t.freedBy !== null) {
    const made = t.site === null ? "" : ` (made ${t.site})`;
    const wayOut =
      t.freedBy === DISPOSED
        ? "clone() it before, or dispose of it later"
        : "wrap it in keep() where it is made, or return it from the function it is made in";
    throw new DisposedError(
      `${op}: this tensor of shape [${t.shape.join(", ")}] and dtype ${t.dtype}${made} was freed by ${t.freedBy}; ${wayOut}`,
    );
  }
  t.lastUsed = passes;
}

/** Frees a handle: its storage and its node lose one reference each. */
export function free(t: Tensor, by: string): void {
  if (t.freedBy !== null) return;
  t.freedBy = by;
  if (t.lease !== null) t.lease.released = true;
  t.storage.release();
  if (t.family !== null) {
    t.family.leave();
    t.family = null;
  }
  if (t.grad !== null) {
    free(t.grad, by);
    t.grad = null;
  }
  if (t.node !== null) {
    if (t.countsNode) t.node.unref();
    t.node = null;
  }
}

/** Exempts a tensor from every automatic release; `dispose()` still frees it. Returns it. */
export function keep<T extends Tensor>(t: T): T {
  touch(t, "keep");
  t.kept = true;
  return t;
}

/** Keeps a tensor for the life of its owner, a module or an optimiser: dispose() frees it, or the last net once the owner is gone. */
export function own<T extends Tensor>(t: T): T {
  catchLater(keep(t));
  return t;
}

// ---- frames --------------------------------------------------------------------------------------------------------------

/** Opens a frame; the mark that closing it takes. */
export function openFrame(): number {
  frames++;
  return made.length;
}

/** Ends an op's frame: all but its outputs is temporary; the outputs go to the frame around it. */
export function closeFrame(mark: number, outputs: ReadonlySet<Tensor>, by: string): void {
  frames--;
  const inside = made.splice(mark);
  for (const t of inside) {
    if (outputs.has(t)) {
      if (frames > 0) made.push(t);
      else settle(t);
    } else if (!t.kept) free(t, by);
  }
}

/** Ends an op's frame of one output, the common case. */
export function closeFrame1(mark: number, output: Tensor, by: string): void {
  frames--;
  let known = false;
  for (let i = mark; i < made.length; i++) {
    const t = made[i] as Tensor;
    if (t === output) known = true;
    else if (!t.kept) free(t, by);
  }
  made.length = mark;
  if (!known) return; // an input handed through: it has its owner already
  if (frames > 0) made.push(output);
  else settle(output);
}

/** Hands tensors of the newest frame to the caller, who frees them from now on. */
export function take(mark: number, taken: ReadonlySet<Tensor>): void {
  const rest = made.splice(mark).filter((t) => !taken.has(t));
  made.push(...rest);
}

/** Ends a frame after an error: frees what it made. */
export function abandonFrame(mark: number, by: string): void {
  frames--;
  const held = made.length > mark ? heldTensors() : null;
  for (let i = mark; i < made.length; i++) {
    const t = made[i] as Tensor;
    if (!t.kept && !held?.has(t)) free(t, by);
  }
  made.length = mark;
}

/** Runs `fn`; what it made and did not return, keep or store on a module is freed at the end. */
export function runScope<T>(name: string, fn: () => T): T {
  const mark = openFrame();
  let result: T;
  try {
    result = fn();
    refusePromise(name, result);
  } catch (error) {
    abandonFrame(mark, `the failed ${name}(…)`);
    throw error;
  }
  const returned = collectTensors(result, new Set<Tensor>());
  const held = made.length > mark ? heldTensors() : [];
  closeFrame(mark, new Set([...returned, ...held]), `the end of ${name}(…), which did not return it`);
  return result;
}

export function refusePromise(name: string, result: unknown): void {
  if (typeof (result as { then?: unknown } | null | undefined)?.then === "function") {
    throw new TypeError(
      `${name}: the function returned a promise; ${name} takes a synchronous function, since code that awaits would leak the mode into whatever runs meanwhile. Await first and wrap the synchronous part`,
    );
  }
}

/** Runs a module's forward. The outermost one hands what it made and did not return to the graph. */
export function runModule<T>(name: string, gradEnabled: boolean, fn: () => T): T {
  if (!gradEnabled || inModule) return fn();
  const mark = openFrame();
  inModule = true;
  let result: T;
  try {
    result = fn();
  } catch (error) {
    inModule = false;
    abandonFrame(mark, `the failed ${name}.forward(…)`);
    throw error;
  }
  inModule = false;
  closeGraphFrame(mark, collectTensors(result, new Set<Tensor>()), null);
  return result;
}
let inModule = false;

/**
 * Ends a frame whose intermediates belong to the graph that they are part of. Those that are part of none are freed: at once, or for
 * a module, whose code may have handed them elsewhere, at the end of the next backward.
 */
export function closeGraphFrame(mark: number, returned: ReadonlySet<Tensor>, freedBy: string | null): void {
  frames--;
  const inside = made.splice(mark);
  for (const t of inside) {
    if (t.freedBy !== null || t.kept) continue;
    if (returned.has(t)) {
      if (frames > 0) made.push(t);
      else settle(t);
    } else if (t.node !== null && t.countsNode && t.node.refs > 1) {
      t.node.refs--;
      t.countsNode = false;
      t.node.owned.push(t);
    } else if (freedBy !== null) free(t, freedBy);
    else if (frames > 0) made.push(t);
    else untilBackward.push(t);
  }
}

/** Runs an op made of other ops: what it makes on the way is temporary, or the graph's. */
export function composite<T>(name: string, fn: () => T): T {
  return watch === null ? plainComposite(name, fn) : plainComposite(name, watch.composite(name, fn));
}

function plainComposite<T>(name: string, fn: () => T): T {
  const mark = openFrame();
  let result: T;
  try {
    result = fn();
  } catch (error) {
    abandonFrame(mark, `the failed ${name}(…)`);
    throw error;
  }
  closeGraphFrame(mark, collectTensors(result, new Set<Tensor>()), BY_OP);
  return result;
}

/** What ends an op's temporaries. */
export const BY_OP = "its op: it was a temporary";

// ---- passes --------------------------------------------------------------------------------------------------------------

/** A handle outside of every frame: free from the first backward on, once idle. */
function settle(t: Tensor): void {
  if (passes > 0) {
    t.lastUsed = passes;
    (buckets[passes % RING] as Tensor[]).push(t);
  } else if (t.storage.bytes >= NET_BYTES) catchLater(t);
  if (++settledSincePass % 4096 === 0) warnOfRawLoop();
}

/** Frees a handle of the graph when its node has been consumed, unless a module holds it: then it is like any other tensor. */
export function freeOwned(t: Tensor, held: ReadonlySet<Tensor>): void {
  if (held.has(t)) settle(t);
  else if (!t.kept) free(t, "backward(), which consumed the graph it belonged to");
}

/** Ends a backward pass: frees what has been idle for long enough. */
export function endPass(held: () => ReadonlySet<Tensor>): void {
  passes++;
  settledSincePass = 0;
  liveAtPass = heap().live;
  const done = untilBackward;
  untilBackward = [];
  for (const t of done) {
    if (t.freedBy !== null || t.kept) continue;
    if (held().has(t)) settle(t);
    else free(t, "the end of backward(): a module made it in forward() and did not return it");
  }
  const oldest = (passes + 1) % RING;
  const idle = buckets[oldest] as Tensor[];
  if (idle.length === 0) return;
  buckets[oldest] = [];
  for (const t of idle) {
    if (t.freedBy !== null || t.kept) continue;
    if (t.lastUsed > passes - RING + 1) (buckets[t.lastUsed % RING] as Tensor[]).push(t);
    else if (held().has(t)) settle(t);
    else free(t, `the memory rule: ${IDLE_PASSES} backward passes neither used nor read it`);
  }
}

let settledSincePass = 0;
let liveAtPass = 0;
let warned = false;
const RAW_LOOP_BYTES = 256 * 2 ** 20;

function warnOfRawLoop(): void {
  const grown = heap().live - liveAtPass;
  if (warned || (grown < RAW_LOOP_BYTES && settledSincePass < 200_000)) return;
  warned = true;
  console.warn(
    `simdgrad: ${settledSincePass} tensors were made at top level since the last backward(), memory grew by ${Math.round(grown / 2 ** 20)} MiB. ` +
      "A loop without backward() should wrap its body in scope(() => …) or noGrad(() => …), which free what is not returned.",
  );
}

// ---- the last net --------------------------------------------------------------------------------------------------------

/** What a finalizer needs to free a handle that the program has lost. */
export interface Lease {
  readonly storage: { release(): void };
  node: { unref(): void } | null;
  released: boolean;
}

/** Registering costs about a microsecond: not for small tensors. */
const NET_BYTES = 4096;
let net: FinalizationRegistry<Lease> | null = null;

/**
 * Frees a handle that no rule covers once JavaScript has collected it: parameters, and what is made before any backward. A last net:
 * finalizers run late, and on some hosts not at all.
 */
export function catchLater(t: Tensor): void {
  if (typeof FinalizationRegistry === "undefined") return;
  net ??= new FinalizationRegistry((lease) => {
    if (lease.released) return;
    lease.storage.release();
    lease.node?.unref();
  });
  t.lease = { storage: t.storage, node: t.countsNode ? t.node : null, released: false };
  net.register(t, t.lease);
}

// ---- holders -------------------------------------------------------------------------------------------------------------

const holders = new Set<WeakRef<object>>();

/** Modules and optimisers: tensors in their own fields are exempt for as long as they stand there. */
export function registerHolder(holder: object): void {
  holders.add(new WeakRef(holder));
}

/** Every tensor that a living module or optimiser holds in a field, at any depth of arrays, maps and plain objects. */
export function heldTensors(): Set<Tensor> {
  const held = new Set<Tensor>();
  for (const ref of holders) {
    const holder = ref.deref();
    if (holder === undefined) holders.delete(ref);
    else for (const value of Object.values(holder)) collectTensors(value, held);
  }
  return held;
}

const isTensor = (value: object): value is Tensor => "storage" in value && "strides" in value;

/** Adds the tensors inside a value: itself, or nested in arrays, maps, sets and plain objects. */
export function collectTensors(value: unknown, into: Set<Tensor>, depth = 4): Set<Tensor> {
  if (typeof value !== "object" || value === null || depth === 0) return into;
  if (isTensor(value)) into.add(value);
  else if (Array.isArray(value) || value instanceof Set)
    for (const v of value) collectTensors(v, into, depth - 1);
  else if (value instanceof Map) for (const v of value.values()) collectTensors(v, into, depth - 1);
  else if (isPlain(value)) for (const v of Object.values(value)) collectTensors(v, into, depth - 1);
  return into;
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

// ---- allocation sites ----------------------------------------------------------------------------------------------------

let sites = false;

/** Records where each tensor is made, for error messages and leak hunts; costs a stack trace per tensor. */
export function traceAllocations(on: boolean): void {
  sites = on;
}

function callSite(): string {
  const lines = new Error().stack?.split("\n") ?? [];
  const outside = lines.find((line) => /:\d+:\d+/.test(line) && !/[\\/](src|dist)[\\/]/.test(line));
  return outside?.trim() ?? "at an unknown place";
}
