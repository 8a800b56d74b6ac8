import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { images } from "./images.mjs";
/** @import { Contender, LoaderSpec, Ready } from "../types.d.ts" */
/** @typedef {typeof import("../../dist/types/index.js")} Simdgrad */
/** @typedef {[import("../../dist/types/index.js").Tensor, import("../../dist/types/index.js").Tensor]} Batch */
/** @typedef {"memory" | "plain" | "prefetch" | "worker"} Mode how the batches come: from memory, or decoded in these ways */

const PREFETCH = 4;

/**
 * @param {string} dist
 * @param {string} mode
 * @returns {Promise<Contender<LoaderSpec>>}
 */
export async function start(dist, mode) {
  /** @type {Simdgrad} */
  const simdgrad = await import(pathToFileURL(dist).href);
  const { variant, reason, threads } = simdgrad.backendInfo();
  return {
    about: `${variant} (${reason}), ${threads} thread${threads === 1 ? "" : "s"}`,
    open: (spec) => openLoader(simdgrad, dist, spec, /** @type {Mode} */ (mode)),
  };
}

/**
 * As a user writes it.
 * @param {Simdgrad} simdgrad
 * @param {string} dist
 * @param {LoaderSpec} spec
 * @param {Mode} mode
 * @returns {Promise<Ready>}
 */
async function openLoader(simdgrad, dist, spec, mode) {
  const { crossEntropy, manualSeed, nn, optim } = simdgrad;
  manualSeed(0);
  const side = spec.size / 4;
  const model = new nn.Sequential(
    new nn.Conv2d(3, 16, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Conv2d(16, 32, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(32 * side * side, 10),
  );
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-3 });
  const batches = endless(await batchesOf(simdgrad, dist, spec, mode));
  return {
    async step() {
      const [x, y] = /** @type {Batch} */ ((await batches.next()).value);
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
      return loss.item();
    },
  };
}

/**
 * @param {Simdgrad} simdgrad
 * @param {string} dist
 * @param {LoaderSpec} spec
 * @param {Mode} mode
 * @returns {Promise<AsyncIterable<Batch> | Batch[]>}
 */
async function batchesOf(simdgrad, dist, spec, mode) {
  const { data, keep } = simdgrad;
  const options = { batchSize: spec.batch, prefetch: mode === "plain" ? 0 : PREFETCH };
  if (mode === "worker") {
    const worker = new Worker(new URL("images.worker.mjs", import.meta.url), { workerData: { dist, spec } });
    /** @type {import("../../dist/types/index.js").data.WorkerDataset<Batch>} */
    const dataset = await data.WorkerDataset.open([worker]);
    return new data.DataLoader(dataset, options);
  }
  const loader = new data.DataLoader(images(simdgrad, spec), options);
  if (mode !== "memory") return loader;
  /** @type {Batch[]} */
  const all = [];
  for await (const [x, y] of loader) all.push([keep(x), keep(y)]);
  return all;
}

/** Epoch after epoch. @param {AsyncIterable<Batch> | Batch[]} batches */
async function* endless(batches) {
  for (;;) yield* batches;
}
