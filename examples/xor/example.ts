import { noGrad, tensor } from "simdgrad";
import { linesToSvg } from "simdgrad/plot";
import type { Example } from "../shared/contract.ts";
import { gridPng, type Picture } from "../shared/pictures.ts";
import { twoGradients } from "./hand.ts";
import { ANSWERS, learnXor, QUESTIONS } from "./network.ts";
import { surface } from "./surface.ts";

/** When the network is looked at: from guessing to knowing. */
const LOOKS = [0, 20, 40, 499];

export const example: Example = {
  title: "What a network is, and back-propagation in five steps: XOR in ten lines",
  run(context) {
    const losses: [number, number][] = [];
    const surfaces: Picture[] = [];
    let answers: number[] = [];
    learnXor(500, (step, loss, model) => {
      losses.push([step, loss]);
      if (!LOOKS.includes(step)) return;
      answers = [...noGrad(() => model.forward(tensor(QUESTIONS)).sigmoid().data)].map(Number);
      context.say(
        `step ${step}: loss ${loss.toFixed(4)}, answers ${answers.map((a) => a.toFixed(2)).join("  ")}`,
      );
      surfaces.push(surface(model));
    });
    context.picture("surfaces.png", gridPng(surfaces, { columns: LOOKS.length, gap: 6 }));
    context.picture(
      "loss.svg",
      linesToSvg([{ name: "loss", points: losses }], {
        xLabel: "step",
        yLabel: "loss",
        height: 300,
        logY: true,
      }),
    );

    const { byHand, byBackward } = twoGradients();
    context.say(`dL/dw by hand ${byHand.toFixed(6)}, by backward() ${byBackward.toFixed(6)}`);
    const right = answers.filter((a, i) => Number(a > 0.5) === ANSWERS[i]?.[0]).length;
    return Promise.resolve([
      { what: "right answers of four", value: right, atLeast: 4 },
      { what: "loss", value: losses.at(-1)?.[1] ?? NaN, atMost: 0.01 },
      {
        what: "gradient by hand and by backward() differ by",
        value: Math.abs(byHand - byBackward),
        atMost: 1e-5,
      },
    ]);
  },
};
