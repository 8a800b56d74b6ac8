/** Trains a small convolutional network on MNIST, tests it, saves it, writes a report, and proves the file. */
import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { backendInfo, manualSeed, type nn } from "simdgrad";
import { readDigits } from "./data.ts";
import { SIDE, type Digits } from "./digits.ts";
import { catchInterrupt } from "../shared/interrupt.ts";
import { learn } from "./learn.ts";
import { saveModel, write } from "./model.ts";
import { createModel } from "./network.ts";
import { HELP, readOptions, type Options } from "./options.ts";
import { fileTrouble, Problem, runProgram } from "../shared/problems.ts";
import { createProgress } from "./progress.ts";
import { prove } from "./prove.ts";
import { renderReport } from "./report.ts";
import { bytes, count, duration, percent, plural } from "../shared/words.ts";

/** What a program that Ctrl-C ended returns. */
const INTERRUPTED = 130;

const say = (text = ""): void => console.log(text);

/** Makes the folder before anything is trained for it. */
function prepareFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new Problem(`cannot write to ${path}, the folder of --out: ${fileTrouble(error)}`);
  }
}

/** A file beside this one, as one names it on the command line. */
const beside = (name: string): string =>
  relative(process.cwd(), fileURLToPath(new URL(name, import.meta.url)));

function announce(options: Options, model: nn.Sequential, training: Digits, testing: Digits): void {
  const { epochs, batch, lr, seed } = options;
  const { variant, reason, threads } = backendInfo();
  say(`simdgrad on Node ${process.versions.node}, ${plural(threads, "thread")}, ${variant} kernels`);
  say(`  ${reason}`);
  say(`MNIST: ${count(training.length)} digits to train on, ${count(testing.length)} to test with\n`);
  say(`${model.summary([batch, 1, SIDE, SIDE])}\n`);
  say(
    `training: ${plural(epochs, "epoch")} of ${plural(Math.ceil(training.length / batch), "step")}, ` +
      `batches of ${batch}, Adam, one cycle of the learning rate up to ${lr}, seed ${seed}`,
  );
}

async function run(options: Options): Promise<number> {
  const { epochs, batch, lr, seed, limit } = options;
  const training = readDigits("train", { folder: options.data, limit });
  const testing = readDigits("test", { folder: options.data, limit });
  const modelFile = join(options.out, "model.safetensors");
  const reportFile = join(options.out, "report.html");
  const stepsPerEpoch = Math.ceil(training.length / batch);

  manualSeed(seed);
  const model = createModel();
  announce(options, model, training, testing);

  const progress = createProgress({ epochs, stepsPerEpoch, digitsPerEpoch: training.length });
  const { signal, release } = catchInterrupt(() => {
    progress.stop();
    say("stopping (Ctrl-C again quits at once)");
  });
  try {
    const outcome = await learn(
      model,
      { training, testing },
      {
        settings: { epochs, batch, lr, seed },
        signal,
        progress,
        save: (steps) =>
          saveModel(model, modelFile, {
            trained_with: "simdgrad",
            ...{ epochs: `${epochs}`, steps: `${steps}`, batch: `${batch}`, lr: `${lr}`, seed: `${seed}` },
          }),
        tell: (epoch, { seconds, loss, evaluation }) =>
          say(
            `epoch ${epoch + 1}/${epochs} took ${duration(seconds)} (${count(Math.round(training.length / seconds))} digits/s): ` +
              `mean loss ${loss.toFixed(4)}, test accuracy ${percent(evaluation.correct, evaluation.total)}`,
          ),
      },
    );
    const evaluation = outcome.epochs.at(-1)?.evaluation;
    if (!outcome.finished || evaluation === undefined) {
      say(`stopped after ${count(outcome.steps.length)} of ${plural(epochs * stepsPerEpoch, "step")}`);
      say(`model: ${modelFile}; to test it as it is:`);
      say(`  node --import tsx ${beside("verify.ts")} ${modelFile}`);
      return INTERRUPTED;
    }
    say(`model:  ${modelFile} (${bytes(statSync(modelFile).size)})`);

    const report = renderReport({ options, model, training, testing, outcome, evaluation });
    write(reportFile, report);
    say(`report: ${reportFile} (${bytes(Buffer.byteLength(report))})`);

    if (!(await prove(modelFile, evaluation, { data: options.data, limit, signal }))) {
      say(`stopped before the proof; the model is in ${modelFile}`);
      return INTERRUPTED;
    }
    const { correct, total } = evaluation;
    say(
      `proof:  a fresh process loaded the model and got the same ${count(correct)} of ${count(total)} right`,
    );
    say(`test accuracy: ${percent(correct, total)}`);
    return 0;
  } finally {
    progress.stop();
    release();
  }
}

await runProgram("mnist", async () => {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    say(HELP);
    return 0;
  }
  prepareFolder(options.out);
  return run(options);
});
