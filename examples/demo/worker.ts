/** Trains beside the page. Messages arrive between batches: the loader lets the event loop turn. */
import { backendInfo } from "simdgrad";
import type { Digits } from "../mnist/digits.ts";
import { loadDigits } from "./digits.ts";
import type { Report, Request, Settings } from "./protocol.ts";
import { Trainer } from "./trainer.ts";

const report = (message: Report): void => {
  postMessage(message);
};

const fail = (error: unknown): void => {
  console.error(error);
  report({ type: "failed", message: error instanceof Error ? error.message : String(error) });
};

let digits: Promise<{ train: Digits; test: Digits }> | null = null;
let ink: Float32Array | null = null;
let trainer: Trainer | null = null;
/** The newest start: older ones give way. */
let wanted = 0;
/** Resolves once the run before has left the stage. */
let stage: Promise<void> = Promise.resolve();
/** Lets a finished run, whose network still answers, leave. */
let leave = (): void => undefined;

function load(folder: string): Promise<{ train: Digits; test: Digits }> {
  let last = 0;
  return loadDigits(folder, (loaded, total) => {
    const now = performance.now();
    if (loaded < total && now - last < 50) return;
    last = now;
    report({ type: "loading", loaded, total });
  });
}

async function start(settings: Settings, folder: string, id: number): Promise<void> {
  digits ??= load(folder);
  const { train, test } = await digits;
  if (id !== wanted) return;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const run = new Trainer(train, test, settings, report);
  trainer = run;
  try {
    report({
      type: "ready",
      backend: backendInfo(),
      summary: run.summary(),
      parameters: run.parameters,
      trainDigits: train.length,
      testDigits: test.length,
    });
    report({ type: "state", state: "running" });
    run.draw(ink);
    if (!(await run.run())) return;
    report({ type: "state", state: "done" });
    await left;
  } finally {
    trainer = null;
    run.dispose();
  }
}

addEventListener("message", ({ data: request }: MessageEvent<Request>) => {
  switch (request.type) {
    case "start": {
      const id = ++wanted;
      trainer?.stop();
      leave();
      stage = stage.then(() => start(request.settings, request.digits, id)).catch(fail);
      return;
    }
    case "pause":
    case "resume":
      if (trainer === null) return;
      trainer[request.type]();
      report({ type: "state", state: request.type === "pause" ? "paused" : "running" });
      return;
    case "draw":
      ink = request.ink;
      trainer?.draw(ink);
  }
});
