import { linesToSvg } from "simdgrad/plot";
import type { Example } from "../shared/contract.ts";
import { LONGEST } from "./cartpole.ts";
import { learnCartPole, network } from "./learn.ts";
import { play, type Episode } from "./play.ts";

const EVALUATIONS = 100;

const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** How far the pole leans at each step, in degrees. */
const leaning = ({ states }: Episode): [number, number][] =>
  states.map(([, , angle], step) => [step, (angle * 180) / Math.PI]);

export const example: Example = {
  title: "By reward: a policy gradient balances a pole (CartPole)",
  run(context) {
    const { quick, signal } = context;
    const curves = {
      longest: [] as [number, number][],
      mean: [] as [number, number][],
      shortest: [] as [number, number][],
    };
    const policy = network();
    const before = play(policy, 1, true);
    learnCartPole(policy, quick ? 60 : 120, (round, scores) => {
      curves.longest.push([round, Math.max(...scores)]);
      curves.mean.push([round, mean(scores)]);
      curves.shortest.push([round, Math.min(...scores)]);
      if (round % 10 === 0)
        context.say(`round ${round}: mean return ${mean(scores).toFixed(1)} of ${LONGEST}`);
      return !signal.aborted;
    });
    const evaluation = play(policy, EVALUATIONS, false);
    const scores = evaluation.map(({ states }) => states.length);

    context.picture(
      "learning.svg",
      linesToSvg(
        Object.entries(curves).map(([name, points]) => ({ name, points })),
        { xLabel: "round", yLabel: "return" },
      ),
    );
    context.picture(
      "leaning.svg",
      linesToSvg(
        [
          { name: "before", points: before.flatMap(leaning) },
          { name: "after", points: evaluation.slice(0, 1).flatMap(leaning) },
        ],
        { xLabel: "step", yLabel: "leaning (degrees)" },
      ),
    );
    return Promise.resolve([
      { what: `mean return of ${EVALUATIONS} games`, value: mean(scores), atLeast: quick ? 300 : 450 },
      { what: "shortest of them", value: Math.min(...scores), atLeast: quick ? 50 : 200 },
    ]);
  },
};
