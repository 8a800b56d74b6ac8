import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { DataLoader, serve, WorkerDataset, type Dataset } from "../../src/data/index.ts";
import { turn } from "../../src/data/turn.ts";
import { PlatformError, ValueError, WorkerError } from "../../src/errors.ts";
import { tensor } from "../../src/tensor/create.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { heap } from "../../src/wasm/engine.ts";
import { bundle } from "./workers/bundle.ts";
import type { Behaviour, Sample } from "./workers/numbers.worker.ts";

const open: WorkerDataset<unknown>[] = [];

afterEach(async () => {
  for (const dataset of open.splice(0)) dataset.close();
  for (let i = 0; i < 20 && heap().stats.live > 0; i++) await turn();
  expect(heap().stats.live).toBe(0);
});

let file: string;
let ends: string;

beforeAll(async () => {
  file = await bundle("numbers.worker");
  ends = await bundle("ends.node");
});

const start = (behaviour: Behaviour): Worker => new Worker(file, { workerData: behaviour });

/** A worker without the library, for the test that has a deadline, for the test that has one: it says what serve() would, but nothing at all of sample 9. */
const startBare = (): Worker =>
  new Worker(
    `const { parentPort } = require("node:worker_threads");
    parentPort.on("message", ({ simdgrad, id, indices }) => {
      if (simdgrad === "hello") parentPort.postMessage({ simdgrad: "ready", length: 20 });
      else if (simdgrad === "ask" && !indices.includes(9))
        parentPort.postMessage({ simdgrad: "batch", id, sample: { value: [...indices] } });
    });`,
    { eval: true },
  );

async function numbers(workers: number, behaviour: Behaviour): Promise<WorkerDataset<Sample>> {
  const dataset = await WorkerDataset.open<Sample>(Array.from({ length: workers }, () => start(behaviour)));
  open.push(dataset);
  return dataset;
}

async function firsts(loader: AsyncIterable<Sample>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const [x] of loader) seen.push((x.toArray() as number[][]).map(([value]) => value));
  return seen;
}

const counters = (): Int32Array => new Int32Array(new SharedArrayBuffer(8));

describe("WorkerDataset", () => {
  it("gives the batches of a dataset in workers, in order, epoch after epoch", async () => {
    const dataset = await numbers(2, { length: 11, takes: 1 });
    expect(dataset.length).toBe(11);
    const loader = new DataLoader(dataset, { batchSize: 2, prefetch: 4 });
    for (const _ of [0, 1]) {
      expect(await firsts(loader)).toEqual([[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10]]);
    }
    for await (const [x, { y, half, name }] of new DataLoader(dataset, { batchSize: 2 })) {
      expect([x.dtype, x.toArray()]).toEqual([
        "f32",
        [
          [0, 0.5],
          [1, 1.5],
        ],
      ]);
      expect([y.dtype, y.toArray()]).toEqual(["i32", [0, 1]]);
      expect([half.dtype, half.toArray()]).toEqual(["f16", [[[0]], [[1]]]]);
      expect(name).toBe("numbers");
      break;
    }
  });

  it("gives single samples", async () => {
    const dataset = await numbers(1, { length: 5 });
    const [x, { y, half }] = await dataset.get(3);
    expect([x, y, half].map((t) => t.toArray())).toEqual([[3, 3.5], 3, [[3]]]);
    for (const t of [x, y, half]) t.dispose();
  });

  it("tells a transform in the worker where its batch stands", async () => {
    const dataset = await numbers(2, { length: 3, transform: true });
    const loader = new DataLoader(dataset, { batchSize: 2, seed: 3, prefetch: 1 });
    loader.epoch = 4;
    expect(await firsts(loader)).toEqual([[0, 342], [2 * 341]]);
  });

  it("goes on mid-epoch", async () => {
    const dataset = await numbers(2, { length: 20 });
    const options = { batchSize: 3, shuffle: true, seed: 9, prefetch: 3 };
    const expected = await firsts(new DataLoader(dataset, options));
    const resumed = new DataLoader(dataset, options);
    resumed.loadStateDict({ epoch: 0, batch: 4 });
    expect(await firsts(resumed)).toEqual(expected.slice(4));
  });

  it.each<[string, Behaviour, RegExp]>([
    [
      "a sample that fails",
      { length: 20, throws: 9 },
      /^WorkerDataset: worker \d failed before it had made samples 8, 9: FormatError: image 9.png is broken$/,
    ],
    [
      "a worker that ends",
      { length: 20, exits: 9 },
      /^WorkerDataset: worker \d exited with code 3 before it had made samples 8, 9 \(open the dataset anew\)$/,
    ],
    [
      "a worker that crashes",
      { length: 20, crashes: 9 },
      /^WorkerDataset: worker \d ended with TypeError: nobody catches this before it had made samples 8, 9 /,
    ],
  ])(
    "names worker, samples and reason of %s, at the batch where it belongs",
    async (_, behaviour, message) => {
      const dataset = await numbers(2, behaviour);
      const seen: unknown[] = [];
      const run = async (): Promise<void> => {
        for await (const [x] of new DataLoader(dataset, { batchSize: 2, prefetch: 3 })) seen.push(x.shape[0]);
      };
      const error: unknown = await run().catch((error: unknown) => error);
      expect(error).toBeInstanceOf(WorkerError);
      expect((error as Error).message).toMatch(message);
      expect(seen).toEqual([2, 2, 2, 2]);
      if (behaviour.throws !== undefined) {
        expect((error as Error).cause).toMatchObject({
          name: "FormatError",
          message: "image 9.png is broken",
        });
        // The worker is none the worse for it.
        expect(await firsts(new DataLoader(dataset, { batchSize: 8 })).catch(() => "again")).toBe("again");
        const [x, { y, half }] = await dataset.get(10);
        for (const t of [x, y, half]) t.dispose();
      }
    },
  );

  it("names the worker that is killed in the middle of a batch", async () => {
    const counts = counters();
    const worker = start({ length: 20, hangs: 3, counts });
    const dataset = await WorkerDataset.open<Sample>([worker, start({ length: 20, counts })]);
    open.push(dataset);
    const run = firsts(new DataLoader(dataset, { batchSize: 4, prefetch: 1 }));
    run.catch(() => undefined);
    while (Atomics.load(counts, 0) < 8) await turn();
    await worker.terminate();
    await expect(run).rejects.toThrow(WorkerError);
    await expect(run).rejects.toThrow(
      "WorkerDataset: worker 0 exited with code 1 before it had made samples 0, 1, 2, 3",
    );
    // And whoever asks again is told so, rather than served by the others alone.
    await expect(dataset.get(5)).rejects.toThrow("worker 0 exited with code 1 before it had made sample 5");
  });

  it("counts a worker as lost that is silent for too long, but not during a long step", async () => {
    const timeout = 1000;
    const dataset = await WorkerDataset.open<number[]>([startBare()], { timeout });
    open.push(dataset);
    let batches = 0;
    const run = async (): Promise<void> => {
      for await (const _ of new DataLoader(dataset, { batchSize: 4, prefetch: 1 })) {
        batches++;
        const end = performance.now() + 1.2 * timeout;
        while (performance.now() < end);
      }
    };
    await expect(run()).rejects.toThrow(
      "WorkerDataset: worker 0 was silent for 1000 ms before it had made samples 8, 9, 10, 11",
    );
    expect(batches).toBe(2);
  });

  it("takes back what it asked for when the loop is left", async () => {
    const counts = counters();
    const dataset = await numbers(1, { length: 100, takes: 40, counts });
    for await (const _ of new DataLoader(dataset, { batchSize: 1, prefetch: 20 })) break;
    const [x, { y, half }] = await dataset.get(50);
    for (const t of [x, y, half]) t.dispose();
    // The first one, the one under way, and the last; the twenty in between were not begun.
    expect(Atomics.load(counts, 0)).toBeLessThanOrEqual(4);
    expect(Atomics.load(counts, 1)).toBe(1);
  });

  it("may be closed, also while something is under way", async () => {
    const dataset = await numbers(2, { length: 4, hangs: 0 });
    const run = dataset.get(0);
    dataset.close();
    await expect(run).rejects.toThrow("WorkerDataset: worker 0 was closed before it had made sample 0");
    await expect(dataset.get(1)).rejects.toThrow(WorkerError);
    dataset.close();
  });

  it("refuses workers that cannot serve, and ends the others", async () => {
    await expect(WorkerDataset.open([])).rejects.toThrow(ValueError);
    await expect(WorkerDataset.open([start({ length: 1 })], { timeout: 0 })).rejects.toThrow(ValueError);
    const fine = start({ length: 1 });
    const ended = new Promise((resolve) => fine.once("exit", resolve));
    const opening = WorkerDataset.open([fine, start({ length: 1, broken: true })]);
    await expect(opening).rejects.toThrow(
      "WorkerDataset: worker 1 ended with Error: no such folder before it was ready",
    );
    await ended;
    await expect(WorkerDataset.open([start({ length: 1 }), start({ length: 2 })])).rejects.toThrow(
      "WorkerDataset: worker 1 serves 2 samples, worker 0 1 (all serve the same dataset)",
    );
    const mute = new Worker("setInterval(() => undefined, 1000)", { eval: true });
    await expect(WorkerDataset.open([mute], { timeout: 300 })).rejects.toThrow(
      "WorkerDataset: worker 0 was silent for 300 ms before it was ready: does its file call serve(…)?",
    );
  });

  it("does not keep the process", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [ends, file]);
    expect(stdout).toBe("8\n");
  });
});

describe("serve", () => {
  const dataset: Dataset<Tensor> = { length: 3, get: (i) => tensor(i) };

  it("answers on any port, beside other messages", async () => {
    const { port1, port2 } = new MessageChannel();
    serve(dataset, { port: port1 });
    const opening = WorkerDataset.open<Tensor>([port2]);
    for (const port of [port1, port2]) port.postMessage({ hello: "from elsewhere" });
    const served = await opening;
    const seen: unknown[] = [];
    for await (const batch of new DataLoader(served, { batchSize: 2 })) seen.push(batch.toArray());
    expect(seen).toEqual([[0, 1], [2]]);
    served.close();
    port1.close();
  });

  it("is for workers", () => {
    // Tests run in workers themselves, or in processes: in neither is it the program that listens.
    expect(() => serve(dataset, { port: null as never })).toThrow(PlatformError);
  });
});
