import type { train } from "simdgrad";
import { duration } from "./words.ts";

/** Says how each epoch went. */
export const tellEpochs = (say: (text: string) => void): train.Callback => ({
  onEpochEnd({ epoch, seconds, values }, { epochs }) {
    const figures = Object.entries(values).flatMap(([name, value]) =>
      typeof value === "number" ? [`${name} ${value.toFixed(4)}`] : [],
    );
    say(`  epoch ${epoch} of ${epochs}: ${figures.join(", ")} (${duration(seconds)})`);
  },
});

/** A curve as points [step, value], each the mean of `size` neighbours, so that it can be read. */
export function smooth(values: readonly number[], size: number): [step: number, mean: number][] {
  return Array.from({ length: Math.floor(values.length / size) }, (_, i) => {
    const group = values.slice(i * size, (i + 1) * size);
    return [(i + 1) * size, group.reduce((sum, value) => sum + value, 0) / size];
  });
}

/** Says how training goes every so many steps. */
export const tellSteps = (say: (text: string) => void, every: number): train.Callback => ({
  onStep({ step }, { history, stepsPerEpoch, epochs }) {
    if (step % every !== 0) return;
    const [[, mean] = []] = smooth(history.steps.loss.slice(-every), every);
    const all = stepsPerEpoch === null ? "" : ` of ${epochs * stepsPerEpoch}`;
    say(`  step ${step}${all}: loss ${mean?.toFixed(3)}`);
  },
});
