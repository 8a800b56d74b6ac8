import { CLASSES, type Digits } from "../digits.ts";
import type { Evaluation } from "../evaluate.ts";

export interface Mistake {
  /** Which test digit. */
  readonly index: number;
  readonly truth: number;
  readonly answer: number;
  /** Probability that the network gave its answer, and the truth. */
  readonly sureness: number;
  readonly chance: number;
}

/** counts[truth][answer] over the test digits. */
export function confusion(digits: Digits, { predicted }: Evaluation): number[][] {
  const counts = Array.from({ length: CLASSES }, () => new Array<number>(CLASSES).fill(0));
  digits.labels.forEach((truth, i) => {
    const row = counts[truth];
    const answer = predicted[i];
    if (row !== undefined && answer !== undefined) row[answer] = (row[answer] ?? 0) + 1;
  });
  return counts;
}

/** The mistakes in which the truth had the least chance, worst first. */
export function worstMistakes(digits: Digits, evaluation: Evaluation, most: number): Mistake[] {
  const { predicted, logProbabilities } = evaluation;
  const of = (index: number, digit: number): number => logProbabilities[index * CLASSES + digit] ?? NaN;
  return Array.from(digits.labels, (truth, index) => ({ index, truth, answer: predicted[index] ?? 0 }))
    .filter(({ truth, answer }) => truth !== answer)
    .sort((a, b) => of(a.index, a.truth) - of(b.index, b.truth))
    .slice(0, most)
    .map((mistake) => ({
      ...mistake,
      sureness: Math.exp(of(mistake.index, mistake.answer)),
      chance: Math.exp(of(mistake.index, mistake.truth)),
    }));
}
