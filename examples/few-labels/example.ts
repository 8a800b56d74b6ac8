import { manualSeed, type nn } from "simdgrad";
import { linesToSvg } from "simdgrad/plot";
import { readDigits } from "../mnist/data.ts";
import { CLASSES, type Digits } from "../mnist/digits.ts";
import { evaluate } from "../mnist/evaluate.ts";
import type { Example } from "../shared/contract.ts";
import { count } from "../shared/words.ts";
import { learn } from "./learn.ts";
import { createModel } from "./network.ts";
import { labelledPicture, pseudoPicture } from "./pictures.ts";
import { split } from "./split.ts";

/** Labels of each class. */
const EACH = 10;

/** The share of the digits that the model reads right, in %. */
async function accuracy(model: nn.Sequential, digits: Digits): Promise<number> {
  const found = await evaluate(model, digits);
  return found === null ? NaN : (100 * found.correct) / found.total;
}

export const example: Example = {
  title: "With few labels: 100 labelled digits, and pseudo-labels for the rest",
  async run({ seed, quick, signal, say, picture }) {
    const { labelled, others } = split(readDigits("train"), EACH, seed);
    const testing = readDigits("test").every(quick ? 5 : 1);
    const steps = quick ? 300 : 1200;
    picture("labels.png", labelledPicture(labelled, CLASSES));

    const run = async (unlabelled: Digits | null): Promise<[nn.Sequential, [number, number][]]> => {
      manualSeed(seed); // both begin with the same weights
      const model = createModel();
      const curve: [number, number][] = [];
      await learn(model, labelled, unlabelled, {
        steps,
        seed,
        signal,
        async look(step) {
          // Some of the test digits will do for the curve; the result is of all.
          const share = await accuracy(model, step === steps ? testing : testing.every(5));
          curve.push([step, share]);
          say(`  step ${step}: ${share.toFixed(2)} % of the test digits`);
        },
      });
      return [model, curve];
    };
    say(`${labelled.length} digits with labels`);
    const [, plain] = await run(null);
    say(`the same, and ${count(others.length)} digits without`);
    const [model, pseudo] = await run(others);
    if (signal.aborted) return [];

    const lines = [
      { name: "labels", points: plain },
      { name: "and pseudo-labels", points: pseudo },
    ];
    picture("curves.svg", linesToSvg(lines, { xLabel: "step", yLabel: "right, %", height: 320 }));
    const some = others.first(2_000);
    const answers = await evaluate(model, some);
    if (answers !== null) {
      picture("pseudo.svg", pseudoPicture(some, answers.predicted));
      say(`of ${count(some.length)} pseudo-labels ${count(answers.correct)} are right`);
    }

    const [without, reached] = lines.map(({ points }) => points.at(-1)?.[1] ?? NaN) as [number, number];
    return [
      { what: "test digits read right, labels only", value: without, unit: " %", atLeast: quick ? 60 : 75 },
      { what: "with pseudo-labels", value: reached, unit: " %", atLeast: quick ? 65 : 85 },
      { what: "points gained", value: reached - without, atLeast: quick ? 1 : 5 },
    ];
  },
};
