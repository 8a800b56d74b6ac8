import { keep, type nn, type Tensor } from "simdgrad";
import { linesToSvg, type Line } from "simdgrad/plot";
import type { Example, Result } from "../shared/contract.ts";
import { findKeeper, lookInside } from "./inside.ts";
import { learn } from "./learn.ts";
import { type Kind, KINDS, Reader } from "./network.ts";
import { addingProblem, GUESSING } from "./task.ts";

/** One cell of the LSTM while it reads the first sequence, and a sentence on its gates. */
function watch(memory: nn.LSTM, x: Tensor): { lines: Line[]; words: string } {
  const inside = lookInside(memory, x);
  const { cell, inputAtMarks, inputElsewhere, forget } = findKeeper(inside, x);
  const line = (name: string, seen: Tensor, at: number): Line => {
    const values = [...seen.select(0, 0).select(1, at).data];
    return { name, points: values.map((value, step) => [step, value]) };
  };
  return {
    lines: [
      line("mark", x, 1),
      line("input gate", inside.input, cell),
      line("forget gate", inside.forget, cell),
      line("content", inside.content, cell),
    ],
    words:
      `cell ${cell}: input gate open to ${inputAtMarks.toFixed(3)} at marks and ${inputElsewhere.toFixed(3)} elsewhere, ` +
      `forget gate keeps ${forget.toFixed(3)}`,
  };
}

export const example: Example = {
  title: "Selective memory: the adding problem, which LSTM and GRU solve and a plain RNN does not",
  run(context) {
    const { quick, signal } = context;
    const [length, steps] = quick ? [20, 600] : [100, 2000];
    const validation = addingProblem(500, length);
    keep(validation.x);
    keep(validation.y);

    const curves: Line[] = [];
    const results: Result[] = [];
    const bars: Record<Kind, Partial<Result>> = {
      LSTM: { atMost: quick ? 0.05 : 0.01 },
      GRU: { atMost: quick ? 0.05 : 0.01 },
      RNN: { atLeast: 0.1 },
    };
    for (const kind of KINDS) {
      const started = performance.now();
      const model = new Reader(kind, 32);
      const points = learn(model, { length, steps, validation, signal });
      if (signal.aborted) break;
      const error = points.at(-1)?.[1] ?? NaN;
      const seconds = (performance.now() - started) / 1000;
      context.say(`${kind}: error ${error.toFixed(4)} after ${steps} steps, ${seconds.toFixed(1)} s`);
      curves.push({ name: kind, points });
      results.push({ what: `${kind}, squared error at T = ${length}`, value: error, ...bars[kind] });
      if (kind !== "LSTM") continue;
      const { lines, words } = watch(model.memory as nn.LSTM, validation.x);
      context.say(words);
      context.picture("inside.svg", linesToSvg(lines, { xLabel: "step of the sequence" }));
    }
    const guessing: Line = {
      name: "always 1",
      points: [
        [50, GUESSING],
        [steps, GUESSING],
      ],
    };
    const axes = { xLabel: "training step", yLabel: "squared error", logY: true };
    context.picture("learning.svg", linesToSvg([...curves, guessing], axes));
    return Promise.resolve(results);
  },
};
