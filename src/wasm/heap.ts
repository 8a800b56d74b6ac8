/**
 * The one heap over linear memory. All bookkeeping is in JavaScript objects, so that no kernel, however wrong,
 * can damage it, and workers need nothing but pointers.
 *
 * Spans of memory, live and free, tile the heap in address order; a freed one merges with its neighbours at once,
 * and the free ones are found by size. Both `alloc` and `free` take a bounded number of steps.
 *
 * Small blocks, which often live long (losses, counters, statistics), stand on ground of their own, cut from the rest in chunks that
 * return to it when all in them is free: between large blocks, that come and go, they would split every hole.
 */
import { OutOfMemoryError, ValueError } from "../errors.ts";
import { FreeLists, MAX_UNITS, Span } from "./freelists.ts";

/** A byte address in linear memory: up to 2³², always positive. */
export type Ptr = number & { readonly __ptr: unique symbol };

/** A piece of the heap, 64-byte aligned. `size` is what was asked for, rounded up to a multiple of 64. */
export interface Block {
  readonly ptr: Ptr;
  readonly size: number;
}

export interface HeapOptions {
  /** First byte that the heap may use; what lies below belongs to somebody else. */
  readonly base: number;
  /** Bytes from `base` on that are there already. */
  readonly size?: number;
  /** The most bytes that the heap may reserve, `size` among them. */
  readonly limit: number;
  /** Makes the memory at least so many bytes long, counted from address 0; false when the host refuses. */
  grow(bytes: number): boolean;
}

/** Hears of every block, for as long as a recording needs to know what lies where. */
export interface HeapListener {
  allocated(block: Block): void;
  freed(block: Block): void;
}

/** In bytes, but for `blocks`, the number of live blocks. */
export interface HeapStats {
  readonly live: number;
  readonly peak: number;
  readonly reserved: number;
  readonly blocks: number;
  readonly largestFree: number;
}

/** Sizes and addresses are counted in units, so that they are small integers over all 4 GiB. */
const UNIT = 64;
const PAGE_UNITS = 65536 / UNIT;

/** Growth is at least a page and at least an eighth of what is there: few growths, little waste. */
const MIN_GROWTH = PAGE_UNITS;
const GROWTH_SHIFT = 3;

/** Up to 512 bytes are small, on ground of 16 KiB at a time. */
const SMALL_UNITS = 512 / UNIT;
const CHUNK_UNITS = 16384 / UNIT;

/**
 * What the caller holds. Spans are recycled and handles are not: a handle that was freed stays freed for ever,
 * so a second `free` can never hit somebody else's block.
 */
class Handle implements Block {
  readonly ptr: Ptr;
  readonly size: number;
  span: Span | null;

  constructor(span: Span) {
    this.ptr = (span.at * UNIT) as Ptr;
    this.size = span.units * UNIT;
    this.span = span;
  }
}

/** 1610612736 → "1.5 GiB" */
function show(bytes: number): string {
  const names = ["bytes", "KiB", "MiB", "GiB"];
  let level = 0;
  let value = bytes;
  while (value >= 1024 && level < names.length - 1) {
    value /= 1024;
    level++;
  }
  return `${Math.round(value * 100) / 100} ${names[level] ?? ""}`;
}

export class Heap {
  readonly #base: number;
  #grow: (bytes: number) => boolean;
  #limit = 0;
  #end: number;
  #last: Span | null = null;
  readonly #free = new FreeLists();
  /** The free spans of the ground of small blocks. */
  readonly #small = new FreeLists();
  /** Spans to use again, linked by `next`. */
  #spare: Span | null = null;
  #live = 0;
  #peak = 0;
  #blocks = 0;
  /** Called before an allocation fails: frees what can be spared, and says whether there was any. */
  relieve: (() => boolean) | null = null;
  /** Whether its memory is gone, and every block with it. */
  destroyed = false;
  listener: HeapListener | null = null;

  constructor(options: HeapOptions) {
    this.#base = Math.ceil(options.base / UNIT);
    this.#end = this.#base;
    this.#grow = (bytes) => options.grow(bytes);
    this.limit = options.limit;
    const end = Math.floor((options.base + (options.size ?? 0)) / UNIT);
    if (end > this.#base) this.#append(end);
  }

  /** The most bytes that the heap may reserve. Lowering it frees nothing; it stops what would go beyond it. */
  get limit(): number {
    return this.#limit;
  }

  set limit(bytes: number) {
    if (!(bytes >= 0)) {
      throw new ValueError(`heap: limit must be a number of bytes ≥ 0, got ${bytes}`);
    }
    this.#limit = Math.min(bytes, (MAX_UNITS - this.#base) * UNIT);
  }

  get stats(): HeapStats {
    return {
      live: this.#live * UNIT,
      peak: this.#peak * UNIT,
      reserved: (this.#end - this.#base) * UNIT,
      blocks: this.#blocks,
      largestFree: Math.max(this.#free.largest(), this.#small.largest()) * UNIT,
    };
  }

  /** Bytes in live blocks, without the cost of making a record of all figures. */
  get live(): number {
    return this.#live * UNIT;
  }

  /** Gives up the memory. Blocks that somebody still holds are worth nothing, and keep nothing alive. */
  destroy(): void {
    this.destroyed = true;
    this.#grow = () => false;
    this.relieve = null;
    this.#last = null;
    this.#spare = null;
    this.limit = 0;
  }

  /** Starts the peak anew. */
  resetPeak(): void {
    this.#peak = this.#live;
  }

  /**
   * A block of at least so many bytes; its contents are whatever was there. Zero bytes get a block of their own.
   * May grow the memory, so take new views of it afterwards.
   * @throws OutOfMemoryError, and the heap is as it was, but for what could be spared.
   */
  alloc(bytes: number): Block {
    try {
      return this.#take(bytes);
    } catch (error) {
      if (error instanceof OutOfMemoryError && bytes <= this.#limit && this.relieve?.() === true)
        return this.alloc(bytes);
      throw error;
    }
  }

  #take(bytes: number): Block {
    if (!(bytes >= 0)) {
      throw new ValueError(`heap: size must be a number of bytes ≥ 0, got ${bytes}`);
    }
    const units = bytes <= UNIT ? 1 : Math.ceil(bytes / UNIT);
    const live = this.#live + units;
    if (live * UNIT > this.#limit) throw this.#outOfMemory(bytes, false);
    const span =
      units <= SMALL_UNITS
        ? (this.#small.find(units) ?? this.#clear(bytes, units))
        : (this.#free.find(units) ?? this.#extend(bytes, units));
    this.#listOf(span).remove(span);
    if (span.units > units) this.#split(span, units);
    this.#live = live;
    if (live > this.#peak) this.#peak = live;
    this.#blocks++;
    const handle = new Handle(span);
    if (this.listener !== null) this.listener.allocated(handle);
    return handle;
  }

  /** Gives a block back. A block that was freed before is a ValueError, and nothing happens. */
  free(block: Block): void {
    const handle = block as Handle;
    const span = handle.span;
    if (!span) {
      throw new ValueError(
        `heap: block freed twice, ${block.size} bytes at ${block.ptr} (each block is freed once, by its owner)`,
      );
    }
    handle.span = null;
    if (this.listener !== null) this.listener.freed(block);
    if (span.pins > 0) span.abandoned = true;
    else this.#release(span);
  }

  #release(span: Span): void {
    this.#live -= span.units;
    this.#blocks--;
    this.#merge(span);
  }

  /**
   * Keeps the live blocks that any of these addresses lie in from being used again, whoever frees them; the function that is returned
   * ends that. For programs that have addresses in them.
   */
  pin(addresses: Iterable<number>): () => void {
    const sorted = [...addresses].map((address) => Math.floor(address / UNIT)).sort((a, b) => b - a);
    const pinned: Span[] = [];
    let span = this.#last;
    for (const at of sorted) {
      while (span && span.at > at) span = span.before;
      if (!span || span.free || at >= span.at + span.units || pinned.at(-1) === span) continue;
      span.pins++;
      pinned.push(span);
    }
    return () => {
      if (this.destroyed) return;
      for (const held of pinned.splice(0)) {
        if (--held.pins > 0 || !held.abandoned) continue;
        held.abandoned = false;
        this.#release(held);
      }
    };
  }

  #listOf(span: Span): FreeLists {
    return span.small ? this.#small : this.#free;
  }

  /** Puts a span that has become free into its list, as one with free neighbours on the same ground. */
  #merge(span: Span): void {
    const list = this.#listOf(span);
    const before = span.before;
    if (before?.free && before.small === span.small) {
      list.remove(before);
      span.at = before.at;
      span.units += before.units;
      span.before = before.before;
      if (span.before) span.before.after = span;
      this.#recycle(before);
    }
    const after = span.after;
    if (after?.free && after.small === span.small) {
      list.remove(after);
      span.units += after.units;
      span.after = after.after;
      if (span.after) span.after.before = span;
      else this.#last = span;
      this.#recycle(after);
    }
    if (span.small && span.units >= CHUNK_UNITS) {
      span.small = false;
      this.#merge(span);
    } else list.add(span);
  }

  /** Makes room for small blocks: a free span in its list of at least so many units, of their ground where there is room for that. */
  #clear(bytes: number, units: number): Span {
    const span = this.#free.find(CHUNK_UNITS) ?? this.#extendFor(bytes, units);
    if (span.units < CHUNK_UNITS) return span;
    this.#free.remove(span);
    if (span.units > CHUNK_UNITS) this.#split(span, CHUNK_UNITS);
    span.small = true;
    this.#small.add(span);
    return span;
  }

  /** Room for a chunk, or where there is none for so many units. */
  #extendFor(bytes: number, units: number): Span {
    try {
      return this.#extend(bytes, CHUNK_UNITS);
    } catch {
      return this.#free.find(units) ?? this.#extend(bytes, units);
    }
  }

  /** Every block in address order, free ones too, and on which ground: for tests and reports. */
  *walk(): Generator<{ ptr: number; size: number; free: boolean; small: boolean }> {
    let span = this.#last;
    while (span?.before) span = span.before;
    for (; span; span = span.after) {
      yield { ptr: span.at * UNIT, size: span.units * UNIT, free: span.free, small: span.small };
    }
  }

  /** Reserves more memory and returns the free span at its end, in its list, of at least so many units. */
  #extend(bytes: number, units: number): Span {
    const last = this.#last;
    const missing = last?.free && !last.small ? units - last.units : units;
    if (last && missing <= 0) return last;
    const least = this.#end + missing;
    const most = this.#base + Math.floor(this.#limit / UNIT);
    if (least > most) throw this.#outOfMemory(bytes, false);

    const roomy = this.#end + Math.max(missing, (this.#end - this.#base) >>> GROWTH_SHIFT, MIN_GROWTH);
    let end = Math.min(Math.ceil(roomy / PAGE_UNITS) * PAGE_UNITS, most);
    if (!this.#grow(end * UNIT)) {
      end = Math.min(Math.ceil(least / PAGE_UNITS) * PAGE_UNITS, most);
      if (!this.#grow(end * UNIT)) throw this.#outOfMemory(bytes, true);
    }

    return this.#append(end);
  }

  /** Moves the end of the heap: the new space is one free span with what was free before it. */
  #append(end: number): Span {
    const added = end - this.#end;
    const last = this.#last;
    let span: Span;
    if (last?.free && !last.small) {
      this.#free.remove(last);
      span = last;
      span.units += added;
    } else {
      span = this.#span(this.#end, added);
      span.before = last;
      if (last) last.after = span;
      this.#last = span;
    }
    this.#end = end;
    this.#free.add(span);
    return span;
  }

  /** Cuts a span that is in no list down to so many units; the rest becomes a free span. */
  #split(span: Span, units: number): void {
    const rest = this.#span(span.at + units, span.units - units);
    const after = span.after;
    rest.before = span;
    rest.after = after;
    if (after) after.before = rest;
    else this.#last = rest;
    span.after = rest;
    span.units = units;
    rest.small = span.small;
    this.#listOf(rest).add(rest);
  }

  #span(at: number, units: number): Span {
    const span = this.#spare ?? new Span();
    this.#spare = span.next;
    span.next = null;
    span.at = at;
    span.units = units;
    span.small = false;
    return span;
  }

  #recycle(span: Span): void {
    span.free = false;
    span.before = null;
    span.after = null;
    span.previous = null;
    span.next = this.#spare;
    this.#spare = span;
  }

  #outOfMemory(wanted: number, refused: boolean): OutOfMemoryError {
    const { live, reserved, largestFree } = this.stats;
    const limit = this.#limit;
    const figures =
      `wanted ${show(wanted)}, live ${show(live)}, reserved ${show(reserved)}, ` +
      `largest free ${show(largestFree)}, limit ${show(limit)}`;
    const rule = refused ? "out of memory, the host gives no more" : "out of memory";
    const wayOut = refused
      ? "use a smaller batch or model, or dispose tensors"
      : "use a smaller batch or model, dispose tensors, or raise the limit: init({ maxMemory: bytes })";
    return new OutOfMemoryError(`heap: ${rule}, ${figures} (${wayOut})`, { wanted, live, reserved, limit });
  }
}
