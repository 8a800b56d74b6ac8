import type { Region } from "./recording.ts";

/** Where regions lie in the arena: those that are in use at one time apart, others one over another. */
export interface Layout {
  readonly offsets: ReadonlyMap<Region, number>;
  /** What the arena takes. */
  readonly bytes: number;
  /** What no arena can be smaller than: the most that is in use at one time. */
  readonly bound: number;
  /** What it would take without sharing. */
  readonly sum: number;
}

/** Two orders in which to put down regions; none is best for all programs. */
const bySize = (a: Region, b: Region): number => b.size - a.size || a.first - b.first;
const byTime = (a: Region, b: Region): number => a.first - b.first || b.size - a.size;
const byEnd = (a: Region, b: Region): number => b.last - a.last || b.size - a.size;

/**
 * Lays out what a program uses from its first command to its last: each region, in turn, at the lowest place that is free for as long as it
 * lives (first fit; Y. Pisarchyk and J. Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020, compares the orders).
 */
export function plan(regions: readonly Region[]): Layout {
  const used = regions.filter((region) => region.first >= 0);
  const layouts = [bySize, byTime, byEnd].map((order) => place([...used].sort(order)));
  const best = layouts.reduce((a, b) => (b.bytes < a.bytes ? b : a));
  return { ...best, bound: mostAtOnce(used), sum: used.reduce((sum, { size }) => sum + size, 0) };
}

function place(ordered: readonly Region[]): Pick<Layout, "offsets" | "bytes"> {
  const offsets = new Map<Region, number>();
  /** By place. */
  const placed: { readonly region: Region; readonly from: number; readonly to: number }[] = [];
  let bytes = 0;
  for (const region of ordered) {
    let from = 0;
    for (const other of placed) {
      if (other.region.first > region.last || other.region.last < region.first) continue;
      if (other.from >= from + region.size) break;
      from = Math.max(from, other.to);
    }
    const to = from + region.size;
    const index = placed.findIndex((other) => other.from > from);
    placed.splice(index < 0 ? placed.length : index, 0, { region, from, to });
    offsets.set(region, from);
    bytes = Math.max(bytes, to);
  }
  return { offsets, bytes };
}

function mostAtOnce(regions: readonly Region[]): number {
  const changes = regions.flatMap(({ first, last, size }) => [
    { at: first, by: size },
    { at: last + 1, by: -size },
  ]);
  changes.sort((a, b) => a.at - b.at || a.by - b.by);
  let now = 0;
  let most = 0;
  for (const { by } of changes) most = Math.max(most, (now += by));
  return most;
}
