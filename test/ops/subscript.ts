import { tensor, type IndexItem } from "../../src/index.ts";
import { broadcast, indices, nd, sizeOf, type Nd } from "./nd.ts";

/** What indexing means, said slowly: for each element of the result, where it stands in the indexed array. */

/** An item as the reference takes it: index tensors and masks as arrays. */
export type Item =
  | number
  | boolean
  | null
  | "..."
  | ":"
  | { readonly start?: number; readonly end?: number; readonly step?: number }
  | { readonly pick: Nd }
  | { readonly mask: Nd };

export const pick = (shape: readonly number[], data: readonly number[]): Item => ({ pick: nd(shape, data) });
export const mask = (shape: readonly number[], data: readonly number[]): Item => ({ mask: nd(shape, data) });

/** The item as the library takes it. */
export function toItem(item: Item): IndexItem {
  if (typeof item !== "object" || item === null) return item;
  if ("pick" in item)
    return tensor(Int32Array.from(item.pick.data), { shape: item.pick.shape, dtype: "i32" });
  if ("mask" in item)
    return tensor(Uint8Array.from(item.mask.data), { shape: item.mask.shape, dtype: "bool" });
  return item;
}

type Step =
  | { readonly kind: "new" }
  | { readonly kind: "one"; readonly at: number }
  | { readonly kind: "list"; readonly at: readonly number[] }
  | { readonly kind: "pick"; readonly index: Nd; readonly virtual: boolean };

/** Python's range of a slice. */
function listOf(
  n: number,
  { start, end, step = 1 }: { start?: number; end?: number; step?: number },
): number[] {
  const wrap = (v: number): number => (v < 0 ? v + n : v);
  const from = start === undefined ? (step > 0 ? 0 : n - 1) : wrap(start);
  const to = end === undefined ? (step > 0 ? n : -1) : Math.max(-1, wrap(end));
  const all = Array.from({ length: n }, (_, i) => i);
  const inside =
    step > 0 ? all.filter((i) => i >= from && i < to) : all.filter((i) => i <= from && i > to).reverse();
  return inside.filter((_, i) => i % Math.abs(step) === 0);
}

function stepsOf(shape: readonly number[], items: readonly Item[]): Step[] {
  const width = (item: Item): number => {
    if (item === null || item === "..." || typeof item === "boolean") return 0;
    return typeof item === "object" && "mask" in item ? item.mask.shape.length : 1;
  };
  const rest = shape.length - items.reduce<number>((n, item) => n + width(item), 0);
  const dots = items.includes("...") ? items : [...items, "..." as const];
  const full = dots.flatMap((item) => (item === "..." ? Array<Item>(rest).fill(":") : [item]));
  const steps: Step[] = [];
  let dim = 0;
  const flag = (on: boolean): Step => ({
    kind: "pick",
    index: nd([Number(on)], on ? [0] : []),
    virtual: true,
  });
  for (const item of full) {
    const n = shape[dim] as number;
    if (item === null) steps.push({ kind: "new" });
    else if (typeof item === "boolean") steps.push(flag(item));
    else if (typeof item === "number") steps.push({ kind: "one", at: (item + n) % n });
    else if (item === ":" || item === "...") steps.push({ kind: "list", at: listOf(n, {}) });
    else if ("pick" in item && item.pick.shape.length === 0)
      steps.push({ kind: "one", at: ((item.pick.data[0] as number) + n) % n });
    else if ("pick" in item) {
      const data = item.pick.data.map((v) => (v + n) % n);
      steps.push({ kind: "pick", index: nd(item.pick.shape, data), virtual: false });
    } else if ("mask" in item) {
      if (item.mask.shape.length === 0) steps.push(flag(item.mask.data[0] !== 0));
      const hits = [...indices(item.mask.shape)].filter((_, i) => item.mask.data[i] !== 0);
      item.mask.shape.forEach((_, d) => {
        const index = nd(
          [hits.length],
          hits.map((hit) => hit[d] as number),
        );
        steps.push({ kind: "pick", index, virtual: false });
      });
    } else steps.push({ kind: "list", at: listOf(n, item) });
    dim += width(item);
  }
  return steps;
}

/** Shape of x[items], and the position in x of each of its elements. */
export function subscript(
  shape: readonly number[],
  items: readonly Item[],
): { shape: number[]; positions: number[] } {
  const steps = stepsOf(shape, items);
  const kept = steps.filter((s) => s.kind !== "one");
  const picks = kept.flatMap((s, i) => (s.kind === "pick" ? [{ at: i, shape: s.index.shape }] : []));
  const common = picks.reduce<number[]>((b, p) => broadcast(b, p.shape), []);
  const adjacent = picks.every((p, i) => p.at === (picks[0]?.at ?? 0) + i);
  // Where each step's part of the result's index begins.
  const result: number[] = [];
  const starts = new Map<Step, number>();
  let place = -1;
  if (picks.length > 0 && !adjacent) {
    place = 0;
    result.push(...common);
  }
  for (const s of kept) {
    if (s.kind === "pick") {
      if (place < 0) {
        place = result.length;
        result.push(...common);
      }
    } else {
      starts.set(s, result.length);
      result.push(s.kind === "new" ? 1 : (s as { at: readonly number[] }).at.length);
    }
  }
  const positions = [...indices(result)].map((index) => {
    let flat = 0;
    let dim = 0;
    for (const s of steps) {
      if (s.kind === "new" || (s.kind === "pick" && s.virtual)) continue;
      let i: number;
      if (s.kind === "one") i = s.at;
      else if (s.kind === "list") i = s.at[index[starts.get(s) as number] as number] as number;
      else {
        const own = index.slice(place, place + common.length);
        const at = s.index.shape.map((n, d) =>
          n === 1 ? 0 : (own[own.length - s.index.shape.length + d] as number),
        );
        i = s.index.data[at.reduce((f, v, d) => f * (s.index.shape[d] as number) + v, 0)] as number;
      }
      flat = flat * (shape[dim++] as number) + i;
    }
    return flat;
  });
  return { shape: result, positions };
}

export const numbered = (shape: readonly number[]): number[] =>
  Array.from({ length: sizeOf(shape) }, (_, i) => i + 1);
