import { callSite } from "./callsite.ts";
import type { DType } from "./dtype.ts";
import type { Tensor } from "./tensor.ts";

/** What is remembered of a tensor that was made while tracing was on. It holds no handle, so that lost tensors stay lost. */
export interface Trace {
  /** The line of the program that called the library, as the engine writes it in stacks. */
  readonly site: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly storage: object & { readonly size: number };
}

let tracing = false;
const live = new Set<Trace>();

/**
 * Records where each tensor is made, for error messages and `leakReport()`, from now on; costs a stack trace a tensor. Switching it off
 * forgets what was recorded.
 */
export function traceAllocations(on: boolean): void {
  tracing = on;
  if (!on) live.clear();
}

/** Registers a new handle, if tracing is on. */
export function trace(t: Tensor): void {
  if (!tracing) return;
  t.trace = { site: callSite() ?? "at an unknown place", shape: t.shape, dtype: t.dtype, storage: t.storage };
  live.add(t.trace);
}

/** A traced handle is freed. */
export function forget(of: Trace): void {
  live.delete(of);
}

/** With the memory goes all that was made in it. */
export function forgetTraces(): void {
  live.clear();
}

/** The live tensors that one line of the program has made. */
export interface Leak {
  /** The line, as the engine writes it in stacks. */
  readonly site: string;
  /** Tensors that live. */
  readonly count: number;
  /** Bytes of their storages; one that several share counts where it was made. */
  readonly bytes: number;
  /** Their different shapes. */
  readonly shapes: readonly (readonly number[])[];
  /** Their different dtypes. */
  readonly dtypes: readonly DType[];
}

/** The lines that tensors come from, most bytes first; as a string a readable table. */
export interface LeakReport extends ReadonlyArray<Leak> {
  toString(): string;
}

/**
 * What was made since `traceAllocations(true)` and lives, by the line that made it, most bytes first. As a string it is a readable
 * table.
 * @example
 * traceAllocations(true);
 * run();
 * console.log(String(leakReport()));
 */
export function leakReport(): LeakReport {
  const counted = new Set<object>();
  const sites = new Map<
    string,
    Leak & { count: number; bytes: number; shapes: number[][]; dtypes: DType[] }
  >();
  for (const { site, shape, dtype, storage } of live) {
    let leak = sites.get(site);
    if (leak === undefined) sites.set(site, (leak = { site, count: 0, bytes: 0, shapes: [], dtypes: [] }));
    leak.count++;
    if (!counted.has(storage)) leak.bytes += storage.size;
    counted.add(storage);
    if (!leak.shapes.some((s) => String(s) === String(shape))) leak.shapes.push([...shape]);
    if (!leak.dtypes.includes(dtype)) leak.dtypes.push(dtype);
  }
  const leaks: Leak[] = [...sites.values()].sort((a, b) => b.bytes - a.bytes || b.count - a.count);
  return Object.defineProperty(leaks, "toString", { value: () => format(leaks), enumerable: false });
}

function format(leaks: readonly Leak[]): string {
  if (leaks.length === 0)
    return tracing
      ? "no tensor made since traceAllocations(true) lives"
      : "allocations are not traced: call traceAllocations(true) first";
  return leaks
    .map(({ site, count, bytes, shapes, dtypes }) => {
      const shown = shapes.slice(0, 3).map((s) => `[${s.join(", ")}]`);
      const more = shapes.length > 3 ? ` and ${shapes.length - 3} other shapes` : "";
      const tensors = `${count} ${count === 1 ? "tensor" : "tensors"}`;
      return `${bytes} bytes in ${tensors} of ${dtypes.join(", ")} ${shown.join(" ")}${more}\n    ${site}`;
    })
    .join("\n");
}
