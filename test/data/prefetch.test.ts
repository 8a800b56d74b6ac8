import { afterEach, describe, expect, it } from "vitest";
import { DisposedError, ShapeError, ValueError } from "../../src/errors.ts";
import {
  DataLoader,
  type DataLoaderOptions,
  type Dataset,
  type SampleRequest,
} from "../../src/data/index.ts";
import { backward } from "../../src/autograd/backward.ts";
import { turn } from "../../src/data/turn.ts";
import { add } from "../../src/ops/arithmetic.ts";
import { sum } from "../../src/ops/reduce.ts";
import { tensor } from "../../src/tensor/create.ts";
import { keep, runScope } from "../../src/tensor/lifetime.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { heap } from "../../src/wasm/engine.ts";

afterEach(async () => {
  // What was under way when a loop was left is freed as it arrives.
  for (let i = 0; i < 20 && heap().stats.live > 0; i++) await turn();
  expect(heap().stats.live).toBe(0);
});

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Later samples come sooner, so that order is not kept by chance. */
function slow(n: number): Dataset<Tensor> {
  return {
    length: n,
    async get(index) {
      await pause((n - index) % 5);
      return tensor(index);
    },
  };
}

/** Batches that the test answers by hand. */
class ByHand implements Dataset<Tensor> {
  readonly length: number;
  readonly asked: { first: number; answer: (error?: Error) => void; request: SampleRequest | undefined }[] =
    [];

  constructor(length: number) {
    this.length = length;
  }

  get(): never {
    throw new Error("only batches");
  }

  batch(indices: Int32Array, request?: SampleRequest): Promise<Tensor> {
    return new Promise((resolve, reject) => {
      this.asked.push({
        first: indices[0] as number,
        answer: (error) => (error ? reject(error) : resolve(tensor(indices))),
        request,
      });
    });
  }
}

async function values(loader: AsyncIterable<Tensor>): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const batch of loader) seen.push(batch.toArray());
  return seen;
}

describe("a dataset that answers with promises", () => {
  it.each([0, 1, 3, 100])("gives the batches in order with prefetch %i", async (prefetch) => {
    const loader = new DataLoader(slow(7), { batchSize: 2, prefetch });
    expect(await values(loader)).toEqual([[0, 1], [2, 3], [4, 5], [6]]);
    expect(await values(loader)).toEqual([[0, 1], [2, 3], [4, 5], [6]]);
  });

  it("may answer some samples at once, and with tensors that it keeps", async () => {
    const kept = keep(tensor(0));
    const mixed: Dataset<Tensor> = {
      length: 4,
      get: (i) => (i === 0 ? kept : i % 2 === 0 ? tensor(i) : Promise.resolve(tensor(i))),
    };
    const loader = new DataLoader(mixed, { batchSize: 2, prefetch: 1 });
    expect(await values(loader)).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(kept.item()).toBe(0);
    kept.dispose();
  });

  it("has its batches kept through many backward passes, and freed when their turn is over", async () => {
    const loader = new DataLoader(slow(12), { batchSize: 2, prefetch: 5 });
    const seen: unknown[] = [];
    const live: number[] = [];
    const w = tensor(1, { requiresGrad: true });
    for await (const batch of loader) {
      for (let i = 0; i < 8; i++) {
        runScope("scope", () => backward(sum(add(batch, w))));
        await pause(1);
      }
      seen.push(batch.toArray());
      live.push(heap().stats.blocks);
    }
    expect(seen.flat()).toEqual(Array.from({ length: 12 }, (_, i) => i));
    // Six batches at most, w and its gradient.
    expect(Math.max(...live)).toBeLessThanOrEqual(8);
    w.dispose();
  });

  it.each<[string, DataLoaderOptions<Tensor>]>([
    ["one batch at a time", {}],
    ["batches ahead", { prefetch: 3 }],
  ])("fails at the batch that failed: %s", async (_, options) => {
    const dataset: Dataset<Tensor> = {
      length: 8,
      get: async (i) => {
        if (i === 5) throw new RangeError("sample 5 is broken");
        await pause(i % 3);
        if (i === 4) throw new RangeError("sample 4 is broken");
        return tensor(i);
      },
    };
    const seen: unknown[] = [];
    const run = async (): Promise<void> => {
      for await (const batch of new DataLoader(dataset, { batchSize: 2, ...options }))
        seen.push(batch.toArray());
    };
    await expect(run()).rejects.toThrow("sample 4 is broken");
    expect(seen).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  it("frees what came before a sample that fails at once", async () => {
    const dataset: Dataset<Tensor> = {
      length: 3,
      get: (i) => {
        if (i === 2) throw new RangeError("sample 2 is broken");
        return pause(1).then(() => tensor(i));
      },
    };
    await expect(values(new DataLoader(dataset, { batchSize: 3 }))).rejects.toThrow("sample 2 is broken");
  });

  it("names ragged samples", async () => {
    const ragged: Dataset<Tensor> = {
      length: 2,
      get: (i) => Promise.resolve(tensor(new Float32Array(i + 1))),
    };
    const run = values(new DataLoader(ragged, { batchSize: 2 }));
    await expect(run).rejects.toThrow(ShapeError);
    await expect(run).rejects.toThrow("DataLoader: sample 1 has shape [2], sample 0 [1]");
  });

  it("tells of a sample that it did not keep and gives again", async () => {
    const cached = Promise.resolve(tensor(1));
    const loader = new DataLoader({ length: 1, get: () => cached });
    await values(loader);
    await expect(values(loader)).rejects.toThrow(DisposedError);
    await expect(values(loader)).rejects.toThrow(/freed by the DataLoader.*wrap it in keep\(\)/);
  });
});

describe("prefetch", () => {
  it("asks for so many batches ahead and no more", async () => {
    const dataset = new ByHand(10);
    const loop = new DataLoader(dataset, { prefetch: 2 })[Symbol.asyncIterator]();
    const first = loop.next();
    await turn();
    await turn();
    const asked = (): number[] => dataset.asked.map(({ first }) => first);
    expect(asked()).toEqual([0, 1, 2]);
    for (const { answer } of dataset.asked) answer();
    expect((await first).value?.toArray()).toEqual([0]);
    await turn();
    expect(asked()).toEqual([0, 1, 2]);
    expect((await loop.next()).value?.toArray()).toEqual([1]);
    expect(asked()).toEqual([0, 1, 2, 3]);
    dataset.asked[3]?.answer();
    await loop.return();
  });

  it("is cancelled when the loop is left, and what was made ahead is freed", async () => {
    const dataset = new ByHand(10);
    const loop = new DataLoader(dataset, { prefetch: 3 })[Symbol.asyncIterator]();
    const first = loop.next();
    await turn();
    await turn();
    const [a, b, c, d] = dataset.asked;
    for (const one of [a, b]) one?.answer();
    expect((await first).value?.toArray()).toEqual([0]);
    expect(d?.request?.signal.aborted).toBe(false);
    await loop.return();
    await turn();
    expect(d?.request?.signal.aborted).toBe(true);
    expect(heap().stats.live).toBe(0);
    c?.answer();
    d?.answer(new Error("cancelled"));
    await turn();
    expect(heap().stats.live).toBe(0);
  });

  it("tells the dataset the seed and the epoch", async () => {
    const requests: unknown[] = [];
    const dataset: Dataset<Tensor> = {
      length: 1,
      get: (i, request) => {
        requests.push([request?.seed, request?.epoch]);
        return tensor(i);
      },
    };
    const loader = new DataLoader(dataset, { seed: 7 });
    await values(loader);
    await values(loader);
    expect(requests).toEqual([
      [7, 0],
      [7, 1],
    ]);
  });
});

describe("transform", () => {
  const numbers: Dataset<Tensor> = { length: 5, get: (index) => tensor(index) };

  it.each([0, 2])("gets the batch and where it stands, prefetch %i", async (prefetch) => {
    const contexts: unknown[] = [];
    const loader = new DataLoader(prefetch === 0 ? numbers : slow(5), {
      batchSize: 2,
      seed: 3,
      prefetch,
      transform: (batch, { seed, epoch, indices }) => {
        contexts.push([seed, epoch, [...indices]]);
        return add(add(batch, tensor(1)), tensor(1));
      },
    });
    loader.epoch = 4;
    const live: number[] = [];
    const seen: unknown[] = [];
    for await (const batch of loader) {
      seen.push(batch.toArray());
      if (prefetch === 0) live.push(heap().stats.blocks);
    }
    expect(seen).toEqual([[2, 3], [4, 5], [6]]);
    if (prefetch === 0) expect(live).toEqual([1, 1, 1]);
    expect(contexts).toEqual([
      [3, 4, [0, 1]],
      [3, 4, [2, 3]],
      [3, 4, [4]],
    ]);
  });

  it("may hand the batch through, and loses nothing when it fails", async () => {
    expect(await values(new DataLoader(numbers, { batchSize: 5, transform: (batch) => batch }))).toEqual([
      [0, 1, 2, 3, 4],
    ]);
    const fails = new DataLoader(numbers, {
      transform: (batch) => {
        add(batch, tensor(1));
        throw new RangeError("no");
      },
    });
    await expect(values(fails)).rejects.toThrow("no");
    expect(heap().stats.live).toBe(0);
  });
});

describe("stateDict", () => {
  const options: DataLoaderOptions<Tensor> = { batchSize: 3, shuffle: true, seed: 5 };

  it.each([0, 1, 4, 6, 7])("goes on after %i batches as if never stopped", async (stop) => {
    const whole = new DataLoader(slow(20), options);
    const expected = [await values(whole), await values(whole)];
    const before = new DataLoader(slow(20), { ...options, prefetch: 2 });
    let state = before.stateDict();
    const seen: unknown[] = [];
    if (stop > 0) {
      for await (const batch of before) {
        seen.push(batch.toArray());
        if (seen.length < stop) continue;
        state = JSON.parse(JSON.stringify(before.stateDict())) as typeof state;
        break;
      }
    }
    expect(state).toEqual({ epoch: 0, batch: stop });
    const after = new DataLoader(slow(20), { ...options, prefetch: 3 });
    after.loadStateDict(state);
    expect(after.stateDict()).toEqual(state);
    seen.push(...(await values(after)));
    expect([seen, await values(after)]).toEqual(expected);
    expect(after.stateDict()).toEqual({ epoch: 2, batch: 0 });
  });

  it("says what the next loop does once one was left", async () => {
    const loader = new DataLoader(slow(20), options);
    for await (const _ of loader) break;
    expect(loader.stateDict()).toEqual({ epoch: 1, batch: 0 });
    loader.loadStateDict({ epoch: 3, batch: 2 });
    loader.epoch = 5;
    expect(loader.stateDict()).toEqual({ epoch: 5, batch: 0 });
  });

  it.each<[unknown, string]>([
    [{ epoch: 0, batch: 8 }, "DataLoader: the state is that of batch 8, an epoch has 7"],
    [{ epoch: -1, batch: 0 }, "DataLoader: epoch must be a whole number ≥ 0, got -1"],
    [{ epoch: 0 }, "DataLoader: batch must be a whole number ≥ 0, got undefined"],
  ])("refuses %j and stays where it is", (state, message) => {
    const loader = new DataLoader(slow(20), options);
    expect(() => loader.loadStateDict(state as never)).toThrow(ValueError);
    expect(() => loader.loadStateDict(state as never)).toThrow(message);
    expect(loader.stateDict()).toEqual({ epoch: 0, batch: 0 });
  });
});

describe("weights", () => {
  const n = 4000;
  const numbers: Dataset<Tensor> = {
    length: n,
    get: (index) => tensor(index),
    batch: (indices) => tensor(indices),
  };
  /** Of four classes in turns: never, once, twice, five times. */
  const weights = Float64Array.from({ length: n }, (_, i) => [0, 1, 2, 5][i % 4] as number);

  it("draw each sample by its weight, anew each epoch, and the same way in each run", async () => {
    const loader = new DataLoader(numbers, { batchSize: n, weights, seed: 1 });
    const [first] = (await values(loader)) as [number[]];
    const [second] = (await values(loader)) as [number[]];
    const counts = [0, 0, 0, 0];
    for (const i of first) counts[i % 4] = (counts[i % 4] as number) + 1;
    expect(counts[0]).toBe(0);
    [1, 2, 5].forEach((weight, i) => {
      const expected = (n * weight) / 8;
      // Four standard deviations.
      expect(Math.abs((counts[i + 1] as number) - expected)).toBeLessThan(
        4 * Math.sqrt(expected * (1 - weight / 8)),
      );
    });
    expect(second).not.toEqual(first);
    const again = new DataLoader(numbers, { batchSize: n, weights: [...weights], seed: 1 });
    expect(await values(again)).toEqual([first]);
  });

  it("of one sample alone give that one, also where it is the first or the last", async () => {
    const few: Dataset<Tensor> = { length: 3, get: (i) => tensor(i) };
    for (const i of [0, 1, 2]) {
      const one = [0, 0, 0];
      one[i] = 0.1;
      expect(await values(new DataLoader(few, { weights: one }))).toEqual([[i], [i], [i]]);
    }
  });

  it("must fit the dataset when the loop starts, too", async () => {
    const growing = { length: 2, get: (i: number) => tensor(i) };
    const loader = new DataLoader(growing, { weights: [1, 1] });
    growing.length = 3;
    await expect(values(loader)).rejects.toThrow("DataLoader: 2 weights for 3 samples");
  });
});
