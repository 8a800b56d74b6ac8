import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Evaluation } from "./evaluate.ts";
import { Problem } from "../shared/problems.ts";
import { count } from "../shared/words.ts";

/** Lets a fresh process load the file and test it: it must get what this process got. False where the signal ended it. */
export async function prove(
  path: string,
  expected: Evaluation,
  options: {
    readonly data: string | undefined;
    readonly limit: number | undefined;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  const program = fileURLToPath(new URL("verify.ts", import.meta.url));
  const words = ["--json", path];
  if (options.data !== undefined) words.unshift("--data", options.data);
  if (options.limit !== undefined) words.unshift("--limit", String(options.limit));
  const { code, output } = await new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [...process.execArgv, program, ...words], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const stop = (): void => void child.kill();
    options.signal.addEventListener("abort", stop);
    if (options.signal.aborted) stop();
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    child.on("error", reject);
    child.on("close", (status) => {
      options.signal.removeEventListener("abort", stop);
      resolve({ code: status, output: text });
    });
  });
  if (options.signal.aborted) return false;
  if (code !== 0) throw new Problem(`the fresh process could not test ${path} (see above)`);
  const { correct, total } = JSON.parse(output) as { correct: number; total: number };
  if (correct !== expected.correct || total !== expected.total) {
    throw new Problem(
      `${path} is not the model that was trained: a fresh process gets ${count(correct)} of ${count(total)} digits right, this one ${count(expected.correct)} of ${count(expected.total)}`,
    );
  }
  return true;
}
