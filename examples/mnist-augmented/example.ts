import { manualSeed, type nn, type train } from "simdgrad";
import { readDigits } from "../mnist/data.ts";
import { evaluate, type Evaluation } from "../mnist/evaluate.ts";
import type { Example } from "../shared/contract.ts";
import { count, percent } from "../shared/words.ts";
import { augment } from "./augment.ts";
import { learn, type Settings } from "./learn.ts";
import { createModel } from "./network.ts";
import { augmentedPicture, errorPicture, mistakePicture } from "./pictures.ts";

const share = ({ correct, total }: Evaluation): number => (100 * correct) / total;

export const example: Example = {
  title: "Augmentation: more digits than there are, and 99.2 % of MNIST's test digits",
  async run({ seed, quick, signal, say, picture }) {
    const all = readDigits("train", { limit: quick ? 4_000 : 60_000 });
    const few = all.first(quick ? 300 : 1_000);
    const testing = readDigits("test", { limit: quick ? 1_000 : 10_000 });
    picture("augmented.png", augmentedPicture(all, augment, seed));

    const run = async (digits: typeof all, settings: Partial<Settings> & { epochs: number }) => {
      manualSeed(seed); // all begin with the same weights
      const model: nn.Sequential = createModel();
      const history = await learn(model, digits, testing.every(10), { seed, signal, ...settings });
      return { history, evaluation: await evaluate(model, testing, signal) };
    };
    const callbacks: train.Callback[] = [
      {
        onEpochEnd: ({ epoch, values, seconds }) =>
          say(`  epoch ${epoch}: loss ${Number(values["loss"]).toFixed(4)}, ${seconds.toFixed(0)} s`),
      },
    ];
    say(`all ${count(all.length)} digits, each changed anew in each epoch`);
    const best = await run(all, { epochs: quick ? 2 : 5, transform: augment, callbacks });
    const epochs = quick ? 20 : 50;
    say(`the first ${count(few.length)} digits, ${epochs} epochs, without and with augmentation`);
    const plain = await run(few, { epochs });
    const augmented = await run(few, { epochs, transform: augment });
    if (best.evaluation === null || plain.evaluation === null || augmented.evaluation === null) return [];

    picture("mistakes.svg", mistakePicture(testing, best.evaluation));
    picture("errors.svg", errorPicture(augmented.history, plain.history));
    const tell = (name: string, history: train.History, { correct, total }: Evaluation): void => {
      const trained = (100 * (history.values("accuracy").at(-1) ?? NaN)).toFixed(2);
      say(`  ${name}: ${trained} % of the training digits, ${percent(correct, total)} of the test digits`);
    };
    tell("without", plain.history, plain.evaluation);
    tell("with", augmented.history, augmented.evaluation);
    return [
      {
        what: "test digits read right",
        value: share(best.evaluation),
        unit: " %",
        atLeast: quick ? 85 : 99.2,
      },
      {
        what: `points gained with ${count(few.length)} digits`,
        value: share(augmented.evaluation) - share(plain.evaluation),
        atLeast: 0.5,
      },
    ];
  },
};
