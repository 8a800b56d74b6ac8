/** Trains beside the page. Messages arrive between batches: the loader lets the event loop turn. */
import { backendInfo, train } from "simdgrad";
import { SIDE, type Digits } from "../mnist/digits.ts";
import { loadDigits } from "./digits.ts";
import type { Ink, Report, Settings } from "./protocol.ts";
import { Trainer } from "./trainer.ts";

let digits: Promise<{ train: Digits; test: Digits }> | null = null;
let ink: Ink = null;
/** The newest run; its network answers until the next one begins. */
let trainer: Trainer | null = null;

function load(folder: string, report: (report: Report) => void): Promise<{ train: Digits; test: Digits }> {
  let last = 0;
  return loadDigits(folder, (loaded, total) => {
    const now = performance.now();
    if (loaded < total && now - last < 50) return;
    last = now;
    report({ type: "loading", loaded, total });
  });
}

train.serve<Settings, Report, Ink>(
  async (job) => {
    digits ??= load(job.input.digits, job.report);
    const loaded = await digits;
    trainer?.dispose();
    trainer = new Trainer(loaded, job);
    const { network } = trainer;
    job.report({
      type: "ready",
      backend: backendInfo(),
      summary: network.summary([job.input.batch, 1, SIDE, SIDE]),
      parameters: network.parameters().reduce((sum, p) => sum + p.size, 0),
      trainDigits: loaded.train.length,
    });
    trainer.draw(ink);
    await trainer.run(job);
    return network;
  },
  {
    message(drawn) {
      ink = drawn;
      trainer?.draw(drawn);
    },
  },
);
