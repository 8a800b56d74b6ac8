import { init, nn } from "simdgrad";
import { Linear } from "simdgrad/nn";
import { train } from "./train.js";

/** What the host did with the program, as JSON. */
export async function report() {
  await init({ deterministic: true });
  const losses = train();
  const { host, threads, threadsReason } = await init({ threads: 2 });
  return { host, losses, threads, threadsReason, shared: train(), oneCopy: nn.Linear === Linear };
}

/** @param {unknown} error */
export const failure = (error) => ({
  error: error instanceof Error ? `${error.name}: ${error.message}` : error,
});
