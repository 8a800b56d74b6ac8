import { linesToSvg } from "simdgrad/plot";
import { readDigits } from "../mnist/data.ts";
import type { Example } from "../shared/contract.ts";
import { Ink } from "./ink.ts";
import { costOf, learn } from "./learn.ts";
import { Vae } from "./network.ts";
import { between, invented, returned } from "./pictures.ts";

const COLUMNS = 12;

export const example: Example = {
  title: "Without labels: a variational autoencoder invents digits",
  async run(context) {
    const { quick, signal } = context;
    const training = new Ink(readDigits("train", quick ? { limit: 6000 } : {}));
    const test = new Ink(readDigits("test", quick ? { limit: 1000 } : {}));
    const model = new Vae();
    const curves: Record<"training" | "test", [number, number][]> = { training: [], test: [] };
    await learn(model, training, quick ? 3 : 12, signal, async (epoch, cost) => {
      const { pixels, code, sum } = await costOf(model, test);
      curves.training.push([epoch, cost]);
      curves.test.push([epoch, sum]);
      context.say(
        `epoch ${epoch}: training ${cost.toFixed(1)} nats, test ${sum.toFixed(1)} = ` +
          `${pixels.toFixed(1)} for the pixels + ${code.toFixed(1)} for the code`,
      );
    });
    if (signal.aborted) return [];

    const first = (n: number) => test.batch(Int32Array.from({ length: n }, (_, i) => i));
    context.picture("invented.png", invented(model, 8, COLUMNS));
    context.picture("returned.png", returned(model, first(COLUMNS)));
    context.picture("between.png", between(model, first(10), COLUMNS));
    const lines = Object.entries(curves).map(([name, points]) => ({ name, points }));
    context.picture("learning.svg", linesToSvg(lines, { xLabel: "epoch", yLabel: "nats a digit" }));
    const cost = curves.test.at(-1)?.[1] ?? NaN;
    return [{ what: "test cost (−ELBO)", value: cost, unit: " nats", atMost: quick ? 190 : 105 }];
  },
};
