import { heapInUse } from "../wasm/engine.ts";
import { BY_RULE, free, moment, nextMoment } from "./handle.ts";
import { heldTensors } from "./holders.ts";
import { catchLater } from "./net.ts";
import type { Tensor } from "./tensor.ts";
import { witness } from "./witness.ts";

/**
 * When a tensor outside of every frame is idle for long enough to be freed (docs/memory.md). Two things happen at top level that
 * idleness can be counted by: backward passes, and calls of `noGrad` and `scope`.
 *
 * A period reaches from one backward to the next; calls are counted within it, 128 a generation. Each generation is a chapter, in
 * which the tensors stand that were made in it. To free, the oldest chapters are looked through: what was used later moves to the
 * chapter of its last use, the rest is freed. So a use costs one field, and a pass or 128 calls look at one chapter.
 */
const PASSES = 4;
const GENERATION = 128;
/** 1,024 calls. */
const WINDOW = 8;
/** 16,384 calls: as long as a rollout before a first backward may be, and the most that a long evaluation widens the window to. */
const WIDEST = 128;

interface Chapter {
  readonly moment: number;
  readonly period: number;
  readonly generation: number;
  readonly settled: Tensor[];
  /** Made by a module outside of every graph: nothing but the end of the next backward can tell that they are done. */
  readonly fromModules: Tensor[];
}

/** Backward passes so far. */
let period = 0;
/** Outermost calls in this period. */
let calls = 0;
let generation = 0;
/** Generations of the longest period so far. */
let longest = 0;
/** Whether an optimiser was made: a first backward is to be expected. */
let trains = false;
/** By moment, the oldest first. */
const chapters = new Map<number, Chapter>();
let chapter = open();

function open(): Chapter {
  const next = { moment: moment(), period, generation, settled: [], fromModules: [] };
  chapters.set(next.moment, next);
  return next;
}

function turnPage(): void {
  nextMoment();
  chapter = open();
  settledSince = 0;
  const heap = heapInUse;
  liveBefore = heap?.live ?? 0;
  if (heap !== null) heap.relieve = relieve;
}

/** A handle outside of every frame. `directly`: not an op's result but made by tensor(), zeros() and the like. */
export function settle(t: Tensor, directly = false): void {
  if (period > 0 || calls > 0) {
    t.lastUsed = moment();
    chapter.settled.push(t);
  } else if (directly || t.storage.bytes >= NET_BYTES) catchLater(t);
  if (++settledSince % 4096 === 0) warnOfRawLoop();
}

/** Registering costs about a microsecond: not for small results of ops. */
const NET_BYTES = 4096;

/** A handle that a module made outside of every graph. */
export function leaveToBackward(t: Tensor): void {
  t.lastUsed = moment();
  chapter.fromModules.push(t);
}

/** An optimiser is made. */
export function expectBackward(): void {
  trains = true;
}

/** An outermost call of noGrad or scope begins. */
export function countCall(): void {
  if (calls++ % GENERATION > 0 || calls === 1) return;
  generation++;
  turnPage();
  const window = period > 0 ? Math.min(WIDEST, Math.max(WINDOW, 2 * longest)) : trains ? WIDEST : WINDOW;
  for (const old of chapters.values()) {
    if (countsCalls(old) && old.generation < generation - window)
      expire(old, `${(window * GENERATION).toLocaleString("en")} ${CALLS}`, heldTensors);
  }
}
const CALLS = "calls of noGrad or scope";

/** Whether calls are what a chapter ends by. What was last used within 128 calls of a backward belongs to training, which counts by passes. */
const countsCalls = (old: Chapter): boolean => old.period === period && (period === 0 || old.generation > 0);

/** Memory has run out: the oldest chapter that has been idle for 128 calls goes before its time. */
function relieve(): boolean {
  for (const old of chapters.values()) {
    if (!countsCalls(old) || old.generation >= generation - 1) continue;
    const before = heapInUse?.live ?? 0;
    expire(old, `memory had run out, and ${GENERATION} ${CALLS}`, heldTensors);
    if ((heapInUse?.live ?? 0) < before) return true;
  }
  return false;
}

/** Frees a handle of the graph when its node has been consumed, unless a module holds it: then it is like any other tensor. */
export function freeOwned(t: Tensor, held: ReadonlySet<Tensor>): void {
  if (held.has(t)) settle(t);
  else if (!t.kept) free(t, "backward(), which consumed the graph it belonged to");
}

/** Ends a backward pass: frees what has been idle for long enough. */
export function endPass(held: () => ReadonlySet<Tensor>): void {
  if (witness !== null) witness.passed();
  longest = Math.max(longest, generation);
  const first = period === 0;
  period++;
  calls = 0;
  generation = 0;
  turnPage();
  for (const old of chapters.values()) {
    for (const t of old.fromModules.length > 0 ? old.fromModules.splice(0) : []) {
      if (t.freedBy !== null || t.kept) continue;
      if (held().has(t)) settle(t);
      else free(t, "the end of backward(): a module made it in forward() and did not return it");
    }
    // What was made before the first backward stays.
    if (first && old !== chapter) stay(old);
    else if (old.period < period - PASSES) expire(old, `${PASSES} backward passes`, held);
  }
}

/** Replayed passes are short and leave little: this many, or of this many bytes, count as one. */
const REPLAYS = 16;
const REPLAYED_BYTES = 2 ** 20;
let replays = 0;
let replayedBytes = 0;

/** Ends the passes of a replayed program, which has handed out so many bytes. */
export function endReplay(passes: number, bytes: number, held: () => ReadonlySet<Tensor>): void {
  replays += passes;
  replayedBytes += bytes;
  if (replays < REPLAYS && replayedBytes < REPLAYED_BYTES) return;
  replays = replayedBytes = 0;
  endPass(held);
}

function stay(old: Chapter): void {
  chapters.delete(old.moment);
  for (const t of old.settled) if (t.freedBy === null && t.lease === null) catchLater(t);
}

function expire(old: Chapter, measure: string, held: () => ReadonlySet<Tensor>): void {
  chapters.delete(old.moment);
  let set: ReadonlySet<Tensor> | null = null;
  for (const t of [...old.fromModules, ...old.settled]) {
    if (t.freedBy !== null || t.kept) continue;
    const later = t.lastUsed > old.moment ? chapters.get(t.lastUsed) : undefined;
    if (later !== undefined) later.settled.push(t);
    else if ((set ??= held()).has(t)) settle(t);
    else free(t, `${BY_RULE}${measure} in a row neither used nor read it`);
  }
}

/** Starts anew: with the memory goes all that the chapters list. */
export function forgetChapters(): void {
  period = calls = generation = longest = replays = replayedBytes = 0;
  trains = false;
  chapters.clear();
  nextMoment();
  chapter = open();
  settledSince = liveBefore = 0;
}

let settledSince = 0;
let liveBefore = 0;
let warned = false;
const RAW_LOOP_BYTES = 256 * 2 ** 20;

function warnOfRawLoop(): void {
  const grown = (heapInUse?.live ?? 0) - liveBefore;
  if (warned || (grown < RAW_LOOP_BYTES && settledSince < 200_000)) return;
  warned = true;
  console.warn(
    `simdgrad: ${settledSince} tensors were made at top level without a backward() in between, memory grew by ${Math.round(grown / 2 ** 20)} MiB. ` +
      "A loop without backward() should wrap its body in scope(() => …) or noGrad(() => …), which free what is not returned.",
  );
}
