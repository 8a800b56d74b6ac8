import { ValueError } from "../errors.ts";

/** What constructors do with their arguments: check them, tell them again, and show them. */

/** A size of a layer: a whole number ≥ 1. */
export function checkCount(layer: string, what: string, value: number): number {
  if (!Number.isInteger(value) || value < 1)
    throw new ValueError(`${layer}: ${what} must be a whole number ≥ 1, got ${value}`);
  return value;
}

/** A probability. */
export function checkProbability(layer: string, what: string, value: number): number {
  if (!(value >= 0 && value <= 1)) throw new ValueError(`${layer}: ${what} must lie in [0, 1], got ${value}`);
  return value;
}

/** The last argument of a constructor, for config(): the options that are not as by default, or nothing. */
export function optional<T extends object>(options: T, defaults: Partial<T> = {}): [] | [Partial<T>] {
  const told = Object.entries(options).filter(
    ([name, value]) => value !== undefined && value !== defaults[name as keyof T],
  );
  return told.length === 0 ? [] : [Object.fromEntries(told) as Partial<T>];
}

/** Arguments as one writes them, `3, 16, [3, 3], padding: 1`. What is neither data nor options (modules) is left out. */
export const describe = (args: readonly unknown[]): string =>
  args
    .flatMap((arg) => {
      if (isPlain(arg)) return Object.entries(arg).flatMap(([name, value]) => named(name, value));
      return show(arg) ?? [];
    })
    .join(", ");

function named(name: string, value: unknown): string[] {
  const text = show(value);
  return text === undefined ? [] : [`${name}: ${text}`];
}

function show(value: unknown): string | undefined {
  if (Array.isArray(value)) {
    const parts = value.map(show);
    return parts.includes(undefined) ? undefined : `[${parts.join(", ")}]`;
  }
  if (typeof value === "number") return String(value); // infinities, too
  return typeof value === "object" && value !== null ? undefined : JSON.stringify(value);
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
