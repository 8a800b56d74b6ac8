/** A program with a worker, which must end by itself: `node ends.node.mjs <worker's file>`. */
import { Worker } from "node:worker_threads";
import { data } from "../../../src/index.ts";
import type { Sample } from "./numbers.worker.ts";

const worker = new Worker(process.argv[2] as string, { workerData: { length: 8 } });
const dataset = await data.WorkerDataset.open<Sample>([worker]);
let rows = 0;
for await (const [x] of new data.DataLoader(dataset, { batchSize: 2, prefetch: 2 }))
  rows += x.shape[0] as number;
console.log(rows);
