import { crossEntropy, data, manualSeed, optim, train, type Tensor } from "simdgrad";
import { linesToSvg } from "simdgrad/plot";
import type { Context, Example } from "../shared/contract.ts";
import { smooth, tellSteps } from "../shared/tell.ts";
import { count } from "../shared/words.ts";
import { readBible } from "./bible.ts";
import { lossOfCounting } from "./counting.ts";
import { BLOCK, Gpt, LstmWriter } from "./models.ts";

const BATCH = 32;
/** Characters at the end of the text that nobody learns from. */
const HELD_BACK = 100_000;
const PROMPT = "And God said";

/** The mean over all places of all pieces, in nats. */
const lossOfNext = (logits: Tensor, next: Tensor): Tensor =>
  crossEntropy(logits.flatten({ startDim: 0, endDim: 1 }), next.flatten());

/** Learns from `steps` batches of pieces of a text, each seen once, and gives the loss of every step. */
async function learn(
  model: LstmWriter | Gpt,
  tokens: Int32Array,
  { lr, steps }: { lr: number; steps: number },
  { seed, say, signal }: Context,
): Promise<readonly number[]> {
  const pieces = new data.TokenDataset(tokens, { blockSize: BLOCK });
  const [some = pieces] = data.split(pieces, [steps * BATCH, pieces.length - steps * BATCH], { seed });
  const loader = new data.DataLoader(some, { batchSize: BATCH, shuffle: true, seed });
  const optimizer = new optim.AdamW(model.parameters(), { lr });
  const history = await train.fit(model, loader, {
    epochs: 1,
    optimizer,
    schedule: new optim.OneCycleLR(optimizer, { maxLr: lr, totalSteps: steps, pctStart: 0.1 }),
    loss: lossOfNext,
    clipGradNorm: 1,
    callbacks: [tellSteps(say, 100)],
    signal,
  });
  return history.steps.loss;
}

export const example: Example = {
  title: "A language model: an LSTM and a small GPT learn to write, character by character",
  async run(context) {
    const { seed, quick, signal, say } = context;
    const text = readBible();
    const tokenizer = data.CharTokenizer.train(text);
    const { vocabSize } = tokenizer;
    const tokens = tokenizer.encode(text);
    const [before, after] = [tokens.subarray(0, -HELD_BACK), tokens.subarray(-HELD_BACK)];
    say(`${count(tokens.length)} characters, ${vocabSize} different ones; nats a character by counting`);
    const counted = [0, 1, 2].map((known) => lossOfCounting(before, after, vocabSize, known));
    counted.forEach((loss, known) => say(`  knowing the ${known} before: ${loss.toFixed(3)}`));

    const checked = new data.TokenDataset(quick ? after.subarray(0, 10_000) : after, { blockSize: BLOCK });
    const validation = new data.DataLoader(checked, { batchSize: 50 });
    const writers = [
      { name: "LSTM", make: () => new LstmWriter(vocabSize, 192), lr: 0.01, steps: quick ? 40 : 600 },
      { name: "GPT", make: () => new Gpt(vocabSize, 96, 3), lr: 0.004, steps: quick ? 20 : 360 },
    ];
    const learnt = [];
    for (const { name, make, ...pace } of writers) {
      const model = make();
      say(`\n${name}: ${count(model.parameters().reduce((sum, p) => sum + p.size, 0))} parameters`);
      const losses = await learn(model, before, pace, context);
      const { loss = NaN } = await train.evaluate(model, validation, { loss: lossOfNext, signal });
      say(`  validation: ${Number(loss).toFixed(3)} nats a character`);

      manualSeed(seed);
      const length = { maxNewTokens: quick ? 50 : 400 };
      const written = model.write(tokenizer.encode(PROMPT), { ...length, temperature: 0.8 });
      const sample = tokenizer.decode(written);
      say(sample.replace(/^/gm, "  | "));
      context.save(`${name}.txt`, sample);
      learnt.push({ name, losses, loss: Number(loss) });
    }

    context.picture(
      "loss.svg",
      linesToSvg(
        learnt.map(({ name, losses }) => ({ name, points: smooth(losses, 10) })),
        { xLabel: "step", yLabel: "nats a character", height: 320 },
      ),
    );
    const [lstm = NaN, gpt = NaN] = learnt.map(({ loss }) => loss);
    const [afterNone = NaN, , afterTwo = NaN] = counted;
    return [
      { what: "LSTM, nats a character", value: lstm, atMost: quick ? 2.8 : 1.6 },
      { what: "GPT, nats a character", value: gpt, atMost: quick ? 2.8 : 1.8 },
      {
        what: `less than counting what comes ${quick ? "at all" : "after two"}, the worse of both`,
        value: (quick ? afterNone : afterTwo) - Math.max(lstm, gpt),
        atLeast: quick ? 0.2 : 0.15,
      },
    ];
  },
};
