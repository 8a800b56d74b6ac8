import { data, optim, train } from "simdgrad";
import { linesToSvg } from "simdgrad/plot";
import { readDigits } from "../mnist/data.ts";
import type { Example } from "../shared/contract.ts";
import { smooth, tellEpochs } from "../shared/tell.ts";
import { count } from "../shared/words.ts";
import { beliefPicture } from "./beliefs.ts";
import { AccuracyByRow } from "./byrow.ts";
import { lossOfRows, RowReader } from "./reader.ts";

const BATCH = 64;
const LR = 0.005;

/** Rows after which the answers are told. */
const LOOKS = [7, 14, 21, 28];

/** Test digits of the picture: a 7, a 2, a 1 and a 0, then a 4, a 9, a 5 and a 6. */
const SHOWN = [0, 1, 2, 3, 4, 7, 15, 21];

export const example: Example = {
  title: "Time order, hidden state, output: LSTM and GRU read digits row by row",
  async run(context) {
    const { seed, quick, signal, say } = context;
    const training = readDigits("train", { limit: quick ? 6_000 : 60_000 });
    const testing = new data.DataLoader(readDigits("test", { limit: quick ? 1_000 : 10_000 }), {
      batchSize: 200,
    });

    const learn = async (kind: "LSTM" | "GRU") => {
      const model = new RowReader(kind);
      const loader = new data.DataLoader(training, { batchSize: BATCH, shuffle: true, seed });
      const epochs = quick ? 1 : 2;
      const optimizer = new optim.Adam(model.parameters(), { lr: LR });
      const schedule = new optim.OneCycleLR(optimizer, { maxLr: LR, totalSteps: epochs * loader.length });
      say(`${kind}: ${count(model.parameters().reduce((sum, p) => sum + p.size, 0))} parameters`);
      const history = await train.fit(model, loader, {
        epochs,
        optimizer,
        schedule,
        loss: lossOfRows,
        clipGradNorm: 1,
        callbacks: [tellEpochs(say)],
        signal,
      });
      const metrics = { byRow: new AccuracyByRow() };
      const { byRow } = await train.evaluate(model, testing, { loss: lossOfRows, metrics, signal });
      const accuracies = (byRow as number[]).map((share) => 100 * share);
      const told = LOOKS.map((rows) => `${accuracies[rows - 1]?.toFixed(2)} % after ${rows}`);
      say(`  right answers: ${told.join(", ")} rows`);
      return { kind, model, losses: history.steps.loss, accuracies };
    };
    const readers = [await learn("LSTM"), await learn("GRU")] as const;

    context.picture(
      "loss.svg",
      linesToSvg(
        readers.map(({ kind, losses }) => ({ name: kind, points: smooth(losses, 25) })),
        { xLabel: "step", yLabel: "loss", height: 320 },
      ),
    );
    context.picture(
      "rows.svg",
      linesToSvg(
        readers.map(({ kind, accuracies }) => ({
          name: kind,
          points: accuracies.map((share, row) => [row + 1, share]),
        })),
        { xLabel: "rows seen", yLabel: "right answers, %", height: 320 },
      ),
    );
    const [{ model }] = readers;
    context.picture("beliefs.png", beliefPicture(model, readDigits("test", { limit: 100 }), SHOWN));
    return readers.flatMap(({ kind, accuracies }) => [
      {
        what: `test digits read right by the ${kind}`,
        value: accuracies.at(-1) ?? NaN,
        unit: " %",
        atLeast: quick ? 60 : 97.5,
      },
    ]);
  },
};
