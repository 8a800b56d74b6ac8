/** Loads the model, serves, and on SIGTERM or SIGINT answers what is under way before it ends. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { createApp } from "./app.js";
import { Batcher } from "./batcher.js";
import { createClassifier } from "./digits/classifier.js";
import { readSettings } from "./settings.js";

const settings = readSettings();
const { batchSize, batchWaitMs, queueSize } = settings;

/** A body of this many digits as numbers, each written with up to 20 characters, still fits. */
const limits = { digits: 32, bytes: 32 * 784 * 21 };

const name = String(settings.model);
const classifier = createClassifier(new Uint8Array(readFileSync(settings.model)), {
  name,
  most: Math.max(batchSize, limits.digits),
});
const batcher = new Batcher(classifier, { size: batchSize, waitMs: batchWaitMs, queue: queueSize });
const state = { draining: false };
const app = createApp({ batcher, limits, logLevel: settings.logLevel, state });

/** @param {NodeJS.Signals} signal */
async function shutDown(signal) {
  if (state.draining) return;
  state.draining = true;
  app.log.info({ signal, waiting: batcher.waiting }, "draining");
  setTimeout(() => {
    app.log.error({ waiting: batcher.waiting }, "not drained in time");
    process.exit(1);
  }, settings.lameDuckMs + settings.drainMs).unref();
  await sleep(settings.lameDuckMs);
  await app.close();
  app.log.info({ ...batcher.counts }, "drained");
}

process.on("SIGTERM", (signal) => void shutDown(signal));
process.on("SIGINT", (signal) => void shutDown(signal));
await app.listen({ host: settings.host, port: settings.port });
