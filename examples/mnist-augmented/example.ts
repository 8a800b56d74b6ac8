import { data, manualSeed, train, crossEntropy, type nn, type Tensor } from "simdgrad";
import { linesToSvg } from "simdgrad/plot";
import { readDigits } from "../mnist/data.ts";
import type { Digits } from "../mnist/digits.ts";
import { evaluate } from "../mnist/evaluate.ts";
import type { Example } from "../shared/contract.ts";
import { count } from "../shared/words.ts";
import { augment } from "./augment.ts";
import { learn } from "./learn.ts";
import { createModel } from "./network.ts";
import { augmentedPicture, mistakePicture } from "./pictures.ts";

/** The share of digits read right where each has been turned, moved, resized and slanted at random, in %. */
async function accuracyOnMoved(model: nn.Sequential, digits: Digits): Promise<number> {
  const moved = new data.DataLoader<[Tensor, Tensor]>(digits, {
    batchSize: 100,
    seed: 0,
    transform: augment,
  });
  const metrics = { accuracy: new train.Accuracy() };
  const found = await train.evaluate(model, moved, { loss: crossEntropy, metrics });
  return 100 * Number(found["accuracy"]);
}

export const example: Example = {
  title: "Augmentation: a small network reads 99.2 % of MNIST's test digits",
  async run({ seed, quick, signal, say, picture }) {
    const training = readDigits("train", { limit: quick ? 4_000 : 60_000 });
    const testing = readDigits("test", { limit: quick ? 1_000 : 10_000 });
    const epochs = quick ? 2 : 5;
    picture("augmented.png", augmentedPicture(training, augment, seed));

    const run = async (transform?: typeof augment): Promise<[nn.Sequential, [number, number][]]> => {
      manualSeed(seed); // both begin with the same weights
      const model = createModel();
      const errors: [number, number][] = [];
      await learn(model, training, testing, {
        epochs,
        seed,
        signal,
        ...(transform && { transform }),
        tell(epoch, accuracy) {
          errors.push([epoch, 100 * (1 - accuracy)]);
          say(`  epoch ${epoch}: ${(100 * accuracy).toFixed(2)} % of the test digits`);
        },
      });
      return [model, errors];
    };
    say(`${count(training.length)} digits, each changed anew in each epoch`);
    const [model, errors] = await run(augment);
    say("the same digits, always as they are");
    const [plain, plainErrors] = await run();
    if (signal.aborted) return [];

    const lines = [
      { name: "with augmentation", points: errors },
      { name: "without", points: plainErrors },
    ];
    const labels = { xLabel: "epoch", yLabel: "test digits read wrong, %", logY: true, height: 320 };
    picture("errors.svg", linesToSvg(lines, labels));
    const evaluation = await evaluate(model, testing);
    if (evaluation !== null) picture("mistakes.svg", mistakePicture(testing, evaluation));

    const [ours, theirs] = lines.map(({ points }) => 100 - (points.at(-1)?.[1] ?? NaN)) as [number, number];
    const [oursMoved, theirsMoved] = [
      await accuracyOnMoved(model, testing),
      await accuracyOnMoved(plain, testing),
    ];
    const row = (name: string, ...shares: number[]): void =>
      say(name.padEnd(20) + shares.map((share) => `${share.toFixed(2)} %`.padStart(16)).join(""));
    say(`\n${"test digits".padEnd(20)}     as they are turned and moved`);
    row("with augmentation", ours, oursMoved);
    row("without", theirs, theirsMoved);
    return [
      { what: "test digits read right", value: ours, unit: " %", atLeast: quick ? 90 : 99.2 },
      { what: "points more than without augmentation", value: ours - theirs, atLeast: quick ? -5 : 0.1 },
      {
        what: "points more on digits turned and moved",
        value: oursMoved - theirsMoved,
        atLeast: quick ? 2 : 1,
      },
    ];
  },
};
