import { afterEach, describe, expect, it, vi } from "vitest";
import { DisposedError, DTypeError, OutOfMemoryError, ShapeError, ValueError } from "../../src/errors.ts";
import { DataLoader, TensorDataset, type DataLoaderOptions, type Dataset } from "../../src/data/index.ts";
import { turn } from "../../src/data/turn.ts";
import { add } from "../../src/ops/arithmetic.ts";
import { tensor } from "../../src/tensor/create.ts";
import { keep } from "../../src/tensor/lifetime.ts";
import { manualSeed } from "../../src/tensor/random.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { heap } from "../../src/wasm/engine.ts";

afterEach(() => expect(heap().stats.live).toBe(0));

/** 0 … n − 1, one number a sample, made anew each time. */
function numbers(n: number): Dataset<Tensor> {
  return { length: n, get: (index) => tensor(index) };
}

async function values(loader: AsyncIterable<Tensor>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const batch of loader) seen.push(batch.toArray());
  return seen;
}

const order = async (n: number, options: DataLoaderOptions<Tensor>): Promise<unknown[]> =>
  (await values(new DataLoader(numbers(n), options))).flat();

describe("DataLoader", () => {
  it("gives batches in order, the last one short", async () => {
    const loader = new DataLoader(numbers(5), { batchSize: 2 });
    expect(loader.length).toBe(3);
    expect(await values(loader)).toEqual([[0, 1], [2, 3], [4]]);
  });

  it("drops the short one when asked to", async () => {
    const loader = new DataLoader(numbers(5), { batchSize: 2, dropLast: true });
    expect(loader.length).toBe(2);
    expect(await values(loader)).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  it("has batches of one by default", async () => {
    expect(await values(new DataLoader(numbers(2)))).toEqual([[0], [1]]);
  });

  it("shuffles anew each epoch, and the same way in each run", async () => {
    const loader = new DataLoader(numbers(20), { batchSize: 6, shuffle: true, seed: 4 });
    const epochs = [(await values(loader)).flat(), (await values(loader)).flat()];
    expect([...(epochs[0] as number[])].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => i),
    );
    expect(epochs[0]).not.toEqual(epochs[1]);
    const again = new DataLoader(numbers(20), { batchSize: 3, shuffle: true, seed: 4 });
    expect([(await values(again)).flat(), (await values(again)).flat()]).toEqual(epochs);
    const resumed = new DataLoader(numbers(20), { shuffle: true, seed: 4 });
    resumed.epoch = 1;
    expect((await values(resumed)).flat()).toEqual(epochs[1]);
    expect(resumed.epoch).toBe(2);
    expect(await order(20, { shuffle: true, seed: 5 })).not.toEqual(epochs[0]);
  });

  it("takes its seed from manualSeed where it has none", async () => {
    manualSeed(2 ** 40 + 3);
    expect(await order(20, { shuffle: true })).toEqual(await order(20, { shuffle: true, seed: 2 ** 40 + 3 }));
    manualSeed(0);
    expect(await order(20, { shuffle: true })).toEqual(await order(20, { shuffle: true, seed: 0 }));
  });

  it("stacks tuples and objects of tensors", async () => {
    const dataset: Dataset<{ pair: [Tensor, Tensor]; label: Tensor }> = {
      length: 2,
      get: (i) => ({ pair: [tensor([i, i]), tensor([[i]])], label: tensor(i, { dtype: "i32" }) }),
    };
    let batches = 0;
    for await (const { pair, label } of new DataLoader(dataset, { batchSize: 2 })) {
      batches++;
      expect(pair.map((t) => t.toArray())).toEqual([
        [
          [0, 0],
          [1, 1],
        ],
        [[[0]], [[1]]],
      ]);
      expect([label.dtype, label.toArray()]).toEqual(["i32", [0, 1]]);
    }
    expect(batches).toBe(1);
  });

  it("uses batch(indices) where there is one", async () => {
    const asked: number[][] = [];
    const dataset: Dataset<Tensor> = {
      length: 5,
      get: () => expect.fail("get must not be called"),
      batch(indices) {
        asked.push([...indices]);
        return tensor(indices);
      },
    };
    expect(await values(new DataLoader(dataset, { batchSize: 3 }))).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
    expect(asked).toEqual([
      [0, 1, 2],
      [3, 4],
    ]);
  });

  it("runs over a TensorDataset", async () => {
    const x = tensor([
      [1, 2],
      [3, 4],
      [5, 6],
    ]);
    const y = tensor([0, 1, 2], { dtype: "i32" });
    const dataset = new TensorDataset(x, y);
    const seen: unknown[] = [];
    for await (const [a, b] of new DataLoader(dataset, { batchSize: 2 }))
      seen.push([a.toArray(), b.toArray()]);
    expect(seen).toEqual([
      [
        [
          [1, 2],
          [3, 4],
        ],
        [0, 1],
      ],
      [[[5, 6]], [2]],
    ]);
    for (const t of [x, y, dataset]) t.dispose();
  });

  it.each<[string, DataLoaderOptions<Tensor>, string]>([
    ["batchSize 0", { batchSize: 0 }, "DataLoader: batchSize must be a whole number ≥ 1, got 0"],
    ["half a batch", { batchSize: 0.5 }, "DataLoader: batchSize must be a whole number ≥ 1, got 0.5"],
    ["NaN", { batchSize: NaN }, "got NaN"],
    ["half a batch ahead", { prefetch: 0.5 }, "DataLoader: prefetch must be a whole number ≥ 0, got 0.5"],
    ["weights and shuffle", { weights: [1, 1, 1], shuffle: true }, "exclude each other"],
    ["too few weights", { weights: [1, 1] }, "DataLoader: 2 weights for 3 samples"],
    ["weights below 0", { weights: [1, -1, 1] }, "got -1 for sample 1"],
    ["weights of 0", { weights: [0, 0, 0] }, "DataLoader: the weights sum up to 0"],
    ["a bad seed", { seed: -1 }, "DataLoader: seed must be a whole number"],
    [
      "no full batch",
      { batchSize: 4, dropLast: true },
      "DataLoader: dropLast leaves no batch, 3 samples and batchSize 4",
    ],
  ])("refuses %s", (_, options, message) => {
    expect(() => new DataLoader(numbers(3), options)).toThrow(ValueError);
    expect(() => new DataLoader(numbers(3), options)).toThrow(message);
  });

  it("refuses empty datasets and bad epochs", () => {
    expect(() => new DataLoader(numbers(0))).toThrow("DataLoader: the dataset is empty");
    expect(() => new DataLoader(numbers(NaN))).toThrow(ValueError);
    expect(() => (new DataLoader(numbers(1)).epoch = -1)).toThrow(ValueError);
  });

  it.each<[string, (index: number) => unknown, new (...args: never[]) => Error, string]>([
    [
      "ragged shapes",
      (i) => tensor(new Float32Array(i + 1)),
      ShapeError,
      "DataLoader: sample 1 has shape [2], sample 0 [1]",
    ],
    [
      "mixed dtypes",
      (i) => [tensor(0), tensor(1, { dtype: i === 0 ? "f32" : "i32" })],
      DTypeError,
      "DataLoader: sample 1[1] has dtype i32, sample 0[1] f32",
    ],
    ["numbers", (i) => ({ x: i }), ValueError, "DataLoader: sample 0.x is number (make it a tensor"],
    [
      "lists of different lengths",
      (i) => Array.from({ length: i + 1 }, () => tensor(0)),
      ValueError,
      "DataLoader: sample 1 is an array of 2, sample 0 an array of 1",
    ],
    [
      "objects of different keys",
      (i) => ({ [`k${i}`]: tensor(0) }),
      ValueError,
      "DataLoader: sample 1 is an object with k1",
    ],
    [
      "promises of numbers",
      (i) => Promise.resolve(i),
      ValueError,
      "DataLoader: sample 0 is number (make it a tensor",
    ],
  ])("refuses %s and leaves nothing allocated", async (_, get, kind, message) => {
    const made: Tensor[] = [];
    const loader = new DataLoader({ length: 3, get }, { batchSize: 3 });
    const run = async (): Promise<void> => {
      for await (const batch of loader) made.push(batch as Tensor);
    };
    await expect(run()).rejects.toThrow(kind);
    await expect(run()).rejects.toThrow(message);
    expect(heap().stats.live).toBe(0);
  });

  it("loses nothing when memory runs out", async () => {
    const { limit } = heap();
    const dataset: Dataset<Tensor> = { length: 4, get: () => tensor(new Float32Array(1000)) };
    heap().limit = 6000;
    await expect(values(new DataLoader(dataset, { batchSize: 4 }))).rejects.toThrow(OutOfMemoryError);
    heap().limit = limit;
  });
});

describe("the loader's batches", () => {
  it("are freed when the next one is asked for, and at the end", async () => {
    let previous: Tensor | undefined;
    const live: number[] = [];
    for await (const batch of new DataLoader(numbers(6), { batchSize: 2 })) {
      live.push(heap().stats.blocks);
      if (previous) expect(() => previous?.item()).toThrow(DisposedError);
      previous = batch;
    }
    expect(live).toEqual([1, 1, 1]);
    expect(() => previous?.data).toThrow(
      /freed by the DataLoader, which frees a batch when the next one is asked for/,
    );
  });

  it.each<[string, (batch: Tensor) => void]>([
    ["break", () => undefined],
    [
      "an error",
      () => {
        throw new RangeError("stop");
      },
    ],
  ])("are freed by %s", async (_, leave) => {
    let seen: Tensor | undefined;
    const run = async (): Promise<void> => {
      for await (const batch of new DataLoader(numbers(6), { batchSize: 2 })) {
        seen = batch;
        leave(batch);
        break;
      }
    };
    await run().catch((error: unknown) => {
      expect(error).toBeInstanceOf(RangeError);
    });
    expect(() => seen?.item()).toThrow(DisposedError);
  });

  it("stay when they were kept", async () => {
    const kept: Tensor[] = [];
    for await (const batch of new DataLoader(numbers(4), { batchSize: 2 })) kept.push(keep(batch));
    expect(kept.map((t) => t.toArray())).toEqual([
      [0, 1],
      [2, 3],
    ]);
    for (const t of kept) t.dispose();
  });

  it("do not take what the dataset holds with them", async () => {
    const held = tensor([1, 2]);
    const whole: Dataset<Tensor> = { length: 2, get: () => held, batch: () => held };
    const loader = new DataLoader(whole, { batchSize: 2 });
    expect(await values(loader)).toEqual([[1, 2]]);
    expect(await values(loader)).toEqual([[1, 2]]);
    held.dispose();
  });

  it("leave no temporaries of the dataset behind", async () => {
    const dataset: Dataset<Tensor> = {
      length: 3,
      get: (i) => add(add(tensor(i), tensor(1)), tensor(1)),
    };
    let blocks = 0;
    for await (const batch of new DataLoader(dataset, { batchSize: 3 })) {
      blocks = heap().stats.blocks;
      expect(batch.toArray()).toEqual([2, 3, 4]);
    }
    expect(blocks).toBe(1);
  });

  it("may be disposed of early", async () => {
    for await (const batch of new DataLoader(numbers(2))) batch.dispose();
  });

  it("of two loops at once do not disturb each other", async () => {
    const loader = new DataLoader(numbers(3));
    const other = values(loader);
    expect(await values(loader)).toEqual([[0], [1], [2]]);
    expect(await other).toEqual([[0], [1], [2]]);
  });
});

/** Occupies the thread. */
function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

describe("the event loop during an epoch", () => {
  /** Batches that take at least 10 ms each. */
  const heavy: Dataset<Tensor> = {
    length: 40,
    get: () => {
      work(10);
      return tensor(0);
    },
  };

  it("runs timers at least every 50 ms", async () => {
    const firedAfter: number[] = [];
    let batches = 0;
    const timer = setInterval(() => firedAfter.push(batches), 1);
    for await (const _ of new DataLoader(heavy)) batches++;
    clearInterval(timer);
    expect(firedAfter.length).toBeGreaterThan(0);
    const gaps = [...firedAfter, batches].map((at, i) => at - (firedAfter[i - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(5);
  });

  it("delivers messages and signals", async () => {
    const arrived: string[] = [];
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => arrived.push("message");
    const onSignal = (): void => void arrived.push("signal");
    process.on("SIGINT", onSignal);
    let batches = 0;
    let seenAfter = 0;
    for await (const _ of new DataLoader(heavy)) {
      if (++batches === 3) {
        port1.postMessage(null);
        process.kill(process.pid, "SIGINT");
      }
      if (arrived.length === 2) {
        seenAfter = batches;
        break;
      }
    }
    process.off("SIGINT", onSignal);
    port2.close();
    expect(arrived.sort()).toEqual(["message", "signal"]);
    expect(seenAfter).toBeLessThanOrEqual(3 + 10);
  });

  it("has its turn at the start of each epoch", async () => {
    let turned = false;
    setTimeout(() => (turned = true), 0);
    work(5);
    for await (const _ of new DataLoader(numbers(1))) expect(turned).toBe(true);
  });

  it("is let go round in hosts that have no setImmediate, and in those that have no MessageChannel either", async () => {
    for (const missing of [["setImmediate"], ["setImmediate", "MessageChannel"]]) {
      for (const name of missing) vi.stubGlobal(name, undefined);
      const timer = vi.fn();
      setTimeout(timer, 0);
      work(3);
      for (let i = 0; i < 100 && timer.mock.calls.length === 0; i++) await turn();
      vi.unstubAllGlobals();
      expect(timer).toHaveBeenCalledOnce();
    }
  });
});
