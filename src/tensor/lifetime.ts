import { watch } from "../autograd/watch.ts";
import { spans } from "../program/span.ts";
import { free, touch } from "./handle.ts";
import { collectTensors, heldTensors } from "./holders.ts";
import { catchLater } from "./net.ts";
import { trace } from "./sites.ts";
import type { Tensor } from "./tensor.ts";
import { countCall, leaveToBackward, settle } from "./windows.ts";
import { witness } from "./witness.ts";

export { DISPOSED, free, touch } from "./handle.ts";
export { collectTensors, heldTensors, registerHolder } from "./holders.ts";
export { catchLater, type Lease } from "./net.ts";
export { endPass, freeOwned } from "./windows.ts";

/**
 * Who frees what. JavaScript cannot see linear memory and runs finalizers too late, so ownership is a rule (docs/memory.md):
 *
 * - An op's temporaries end with the op. What is made inside `noGrad` or `scope` ends there, unless returned, kept or held by a module.
 * - What a module makes inside `forward` and does not return belongs to the graph: backward frees it.
 * - Anything else is freed once idle for long enough: windows.ts.
 * - Exempt: what was made before anything gave a measure of idleness, what a module or an optimiser holds in a field, and `keep()`.
 *
 * Open frames (ops, modules, scopes) nest, so the tensors made inside them stand on one stack and each frame is a suffix of it.
 */
const made: Tensor[] = [];
let frames = 0;

/** Every new handle passes here. */
export function born(t: Tensor): void {
  trace(t);
  if (witness !== null) witness.born(t);
  if (frames > 0) made.push(t);
  else settle(t, true);
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

/** Whether an op, a module or a scope is running. */
export const isInsideFrame = (): boolean => frames > 0;

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

/** Ends a frame whose work goes on after it: what was made so far goes to the frame around it. */
export function dissolveFrame(mark: number): void {
  frames--;
  if (frames === 0) for (const t of made.splice(mark)) settle(t);
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

/** Runs `fn`, which makes what its caller owns: what is kept lives on. Where it fails, that is freed too. */
export function build<T>(name: string, fn: () => T): T {
  const mark = openFrame();
  let result: T;
  try {
    result = fn();
  } catch (error) {
    for (const t of made.slice(mark)) t.kept = false;
    abandonFrame(mark, `the failed ${name}(…)`);
    throw error;
  }
  closeFrame(mark, new Set<Tensor>(), `the end of ${name}(…)`);
  return result;
}

/** Runs `fn`; what it made and did not return, keep or store on a module is freed at the end. */
export function runScope<T>(name: string, fn: () => T): T {
  if (frames === 0) countCall();
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
    else leaveToBackward(t);
  }
}

/** Runs an op made of other ops: what it makes on the way is temporary, or the graph's. */
export function composite<T>(name: string, fn: () => T): T {
  const watched = watch === null ? fn : watch.composite(name, fn);
  return spans === null
    ? plainComposite(name, watched)
    : spans.span(name, () => plainComposite(name, watched));
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
