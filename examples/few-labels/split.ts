import { manualSeed, randperm } from "simdgrad";
import { CLASSES, type Digits } from "../mnist/digits.ts";

/** `each` digits of each class, drawn by the seed, and all others. */
export function split(digits: Digits, each: number, seed: number): { labelled: Digits; others: Digits } {
  manualSeed(seed);
  const left = new Array<number>(CLASSES).fill(each);
  const labelled: number[] = [];
  const others: number[] = [];
  for (const index of randperm(digits.length).data) {
    const label = digits.labels[index] ?? 0;
    const chosen = (left[label] ?? 0) > 0;
    if (chosen) left[label] = (left[label] ?? 0) - 1;
    (chosen ? labelled : others).push(index);
  }
  return { labelled: digits.pick(labelled), others: digits.pick(others) };
}
