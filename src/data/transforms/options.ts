import { ValueError } from "../../errors.ts";

/** Checks of what transforms are made of; each message names the transform, the option and the value. */

/** A probability. */
export function probability(name: string, p: number): number {
  if (!(p >= 0 && p <= 1)) throw new ValueError(`${name}: p must be in [0, 1], got ${p}`);
  return p;
}

export function finite(name: string, what: string, value: number, least = -Infinity): number {
  if (!Number.isFinite(value) || value < least) {
    throw new ValueError(
      `${name}: ${what} must be a finite number${least === -Infinity ? "" : ` ≥ ${least}`}, got ${value}`,
    );
  }
  return value;
}

export function whole(name: string, what: string, value: number, least: number): number {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new ValueError(`${name}: ${what} must be a whole number ≥ ${least}, got ${value}`);
  }
  return value;
}

/** From the least to the greatest value. */
export type Range = readonly [low: number, high: number];

/** A pair low ≤ high within bounds. */
export function range(
  name: string,
  what: string,
  value: readonly number[],
  least = -Infinity,
  most = Infinity,
): Range {
  const [low = NaN, high = NaN] = value;
  if (value.length !== 2 || !(low >= least && low <= high && high <= most && Number.isFinite(high - low))) {
    const within = least === -Infinity && most === Infinity ? "" : ` within [${least}, ${most}]`;
    throw new ValueError(`${name}: ${what} must be [low, high]${within}, got [${value.join(", ")}]`);
  }
  return [low, high];
}

/** A number a for [−a, a], or a pair. */
export function around(name: string, what: string, value: number | Range): Range {
  return typeof value === "number"
    ? range(name, what, [-finite(name, what, value, 0), value])
    : range(name, what, value);
}

/** A side for squares, or [height, width]. */
export type Size = number | readonly [height: number, width: number];

export function sizeOf(name: string, size: Size): [number, number] {
  const pair: readonly number[] = typeof size === "number" ? [size, size] : size;
  if (pair.length !== 2 || !pair.every((side) => Number.isSafeInteger(side) && side > 0)) {
    throw new ValueError(
      `${name}: the size must be a whole number ≥ 1 or [height, width], got ${JSON.stringify(size)}`,
    );
  }
  return [pair[0] as number, pair[1] as number];
}

/** One of a few names. */
export function choice<T extends string>(name: string, what: string, value: T, known: readonly T[]): T {
  if (!known.includes(value)) {
    throw new ValueError(`${name}: ${what} must be ${known.join(" or ")}, got ${JSON.stringify(value)}`);
  }
  return value;
}
