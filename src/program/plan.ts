import { isGroup, type Step } from "./fuse.ts";
import type { Region } from "./recording.ts";

/** From which step to which a region is in use. */
export interface Lifetime {
  readonly region: Region;
  readonly size: number;
  first: number;
  last: number;
}

/** What is there before the first step, and what must outlast the last. */
export interface Ends {
  readonly given: ReadonlySet<Region>;
  readonly kept: ReadonlySet<Region>;
}

/** When each region is in use. Commands of a group run side by side. */
export function lifetimes(steps: readonly Step[], { given, kept }: Ends): Lifetime[] {
  const found = new Map<Region, Lifetime>();
  const use = (region: Region, at: number): void => {
    const known = found.get(region);
    if (known === undefined) found.set(region, { region, size: region.size, first: at, last: at });
    else known.last = at;
  };
  steps.forEach((step, at) => {
    for (const { references } of isGroup(step) ? step.commands : [step])
      for (const { region } of references) use(region, at);
  });
  for (const region of kept) use(region, steps.length);
  for (const region of given) {
    const known = found.get(region);
    if (known !== undefined) known.first = -1;
  }
  return [...found.values()];
}

/** Where regions lie in the arena: those that are in use at one time apart, others one over another. */
export interface Layout {
  readonly offsets: ReadonlyMap<Region, number>;
  /** What the arena takes. */
  readonly bytes: number;
}

/** Orders in which to put down regions; none is best for all programs. */
const bySize = (a: Lifetime, b: Lifetime): number => b.size - a.size || a.first - b.first;
const byTime = (a: Lifetime, b: Lifetime): number => a.first - b.first || b.size - a.size;
const byEnd = (a: Lifetime, b: Lifetime): number => b.last - a.last || b.size - a.size;

/**
 * Lays out regions: each, in turn, at the lowest place that is free for as long as it lives (first fit; Y. Pisarchyk and J. Lee, "Efficient
 * Memory Management for Deep Neural Net Inference", 2020, compares the orders).
 */
export function plan(lives: readonly Lifetime[]): Layout {
  const layouts = [bySize, byTime, byEnd].map((order) => place([...lives].sort(order)));
  return layouts.reduce((a, b) => (b.bytes < a.bytes ? b : a));
}

function place(ordered: readonly Lifetime[]): Layout {
  const offsets = new Map<Region, number>();
  /** By place. */
  const placed: { readonly life: Lifetime; readonly from: number; readonly to: number }[] = [];
  let bytes = 0;
  for (const life of ordered) {
    let from = 0;
    for (const other of placed) {
      if (other.life.first > life.last || other.life.last < life.first) continue;
      if (other.from >= from + life.size) break;
      from = Math.max(from, other.to);
    }
    const to = from + life.size;
    const index = placed.findIndex((other) => other.from > from);
    placed.splice(index < 0 ? placed.length : index, 0, { life, from, to });
    offsets.set(life.region, from);
    bytes = Math.max(bytes, to);
  }
  return { offsets, bytes };
}

/** The most bytes that are in use at one time: what no arena can be smaller than. */
export function mostAtOnce(lives: readonly Lifetime[]): number {
  const changes = lives.flatMap(({ first, last, size }) => [
    { at: first, by: size },
    { at: last + 1, by: -size },
  ]);
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  let most = 0;
  for (const { by } of changes) most = Math.max(most, (now += by));
  return most;
}
