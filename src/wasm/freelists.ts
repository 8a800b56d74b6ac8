/**
 * The free spans of the heap by size: a two-level segregated fit (M. Masmano et al., "TLSF: a new dynamic memory
 * allocator for real-time systems", 2004). Spans hang in lists by size class, and two levels of bitmaps say which
 * lists have any.
 */

/** The most units that a span can have: 4 GiB of 64 bytes each. */
export const MAX_UNITS = 2 ** 26;

/** Each power of two is divided into 2⁵ classes; below 32 units each size has a class of its own. */
const SPLIT_BITS = 5;
const SPLIT = 1 << SPLIT_BITS;
const LEVELS = 26 - SPLIT_BITS + 2;

/** How many spans of its own class, which has longer and shorter ones, are looked at first: the closest fit leaves the least rest. */
const CLOSE_FITS = 8;

/** How many of them are looked at before the search gives up: that costs less than growing the memory. */
const NEAR_FITS = 32;

/** A span of memory between its neighbours in address order; a free one is also in the list of its class. */
export class Span {
  at = 0;
  units = 0;
  free = false;
  /** Whether it belongs to the ground of small blocks. */
  small = false;
  /** How many programs have its address in them. */
  pins = 0;
  /** Whether it was freed while it had pins. */
  abandoned = false;
  before: Span | null = null;
  after: Span | null = null;
  previous: Span | null = null;
  next: Span | null = null;
}

function log2(units: number): number {
  return 31 - Math.clz32(units);
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** Index of the class that a free span of so many units belongs to: level · SPLIT + subdivision. */
function classOf(units: number): number {
  if (units < SPLIT) return units;
  const shift = log2(units) - SPLIT_BITS;
  return ((shift + 1) << SPLIT_BITS) + (units >>> shift) - SPLIT;
}

export class FreeLists {
  readonly #lists: (Span | null)[] = new Array<Span | null>(LEVELS * SPLIT).fill(null);
  readonly #splits = new Int32Array(LEVELS);
  #levels = 0;

  add(span: Span): void {
    const list = classOf(span.units);
    const head = this.#lists[list] as Span | null;
    span.free = true;
    span.previous = null;
    span.next = head;
    if (head) head.previous = span;
    this.#lists[list] = span;
    const level = list >>> SPLIT_BITS;
    this.#splits[level] = (this.#splits[level] as number) | (1 << (list & (SPLIT - 1)));
    this.#levels |= 1 << level;
  }

  remove(span: Span): void {
    const { previous, next } = span;
    span.free = false;
    span.previous = null;
    span.next = null;
    if (next) next.previous = previous;
    if (previous) {
      previous.next = next;
      return;
    }
    const list = classOf(span.units);
    this.#lists[list] = next;
    if (next) return;
    const level = list >>> SPLIT_BITS;
    const bits = (this.#splits[level] as number) & ~(1 << (list & (SPLIT - 1)));
    this.#splits[level] = bits;
    if (bits === 0) this.#levels &= ~(1 << level);
  }

  /** A free span of at least so many units, or null. */
  find(units: number): Span | null {
    const close = units < SPLIT ? null : this.#near(units, CLOSE_FITS);
    if (close) return close;
    // Rounded up to the next class, any member of which is long enough.
    const rounded = units < SPLIT ? units : units + (1 << (log2(units) - SPLIT_BITS)) - 1;
    const from = classOf(rounded);
    let level = from >>> SPLIT_BITS;
    let bits = (this.#splits[level] as number) & (-1 << (from & (SPLIT - 1)));
    if (bits === 0) {
      const levels = this.#levels & (-1 << (level + 1));
      if (levels !== 0) {
        level = lowestBit(levels);
        bits = this.#splits[level] as number;
      }
    }
    if (bits !== 0) return this.#lists[(level << SPLIT_BITS) + lowestBit(bits)] as Span;
    return this.#near(units, NEAR_FITS);
  }

  /** A span of the class of so many units that is long enough, among the first so many. */
  #near(units: number, looks: number): Span | null {
    let span = this.#lists[classOf(units)] ?? null;
    for (; span && looks > 0; looks--) {
      if (span.units >= units) return span;
      span = span.next;
    }
    return null;
  }

  /** Units of the largest span. */
  largest(): number {
    if (this.#levels === 0) return 0;
    const level = log2(this.#levels);
    const list = (level << SPLIT_BITS) + log2(this.#splits[level] as number);
    let largest = 0;
    for (let span = this.#lists[list] ?? null; span; span = span.next) {
      if (span.units > largest) largest = span.units;
    }
    return largest;
  }
}
