import { DataLoader } from "../data/loader.ts";
import { ValueError } from "../errors.ts";
import type { Module } from "../nn/module.ts";
import { checkCount, checkNumber } from "../optim/options.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { power } from "../tensor/scalar.ts";
import { getRandomState, setRandomState } from "../tensor/random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Breath, judgeOf, type Batches, type Judging, type StepFunction } from "./batch.ts";
import type { Model } from "./evaluate.ts";
import { rememberModes } from "./mode.ts";
import { saveOptimizer, Snapshot } from "./snapshot.ts";

interface Common {
  readonly optimizer: Optimizer;
  /** The first rate. Default 1e-7. */
  readonly from?: number;
  /** The last rate. Default 10. */
  readonly to?: number;
  /** Rates that are tried, one a batch. Default 100. */
  readonly steps?: number;
  /** Share of the past in the smoothed loss. Default 0.9. */
  readonly smoothing?: number;
  /** Stop once the smoothed loss is so many times the best. Default 4. */
  readonly divergence?: number;
}

/** For batches [x, y]. */
export interface FindLrOptions<O, Y> extends Common {
  readonly loss: (output: O, target: Y) => Tensor;
  readonly step?: undefined;
}

/** For batches of any other form. */
export interface FindLrStepOptions<B> extends Common {
  readonly step: StepFunction<B>;
  readonly loss?: undefined;
}

/** Losses by learning rate; entry i is of step i. */
export interface LrCurve {
  readonly lrs: readonly number[];
  readonly losses: readonly number[];
  /** Smoothed, without the bias of its start. */
  readonly smoothed: readonly number[];
  /** The rate at which the smoothed loss falls most steeply; null where it does not fall. */
  readonly suggestion: number | null;
}

/**
 * Tries learning rates that grow exponentially, one a batch, until the loss diverges: the range test of L. Smith ("Cyclical learning
 * rates for training neural networks", 2017) with the exponential growth and the smoothed loss that fast.ai gave it. Afterwards weights, buffers,
 * optimiser, random state, a DataLoader's epoch and modes are as they were, to the bit; gradients are dropped. The rates of several groups keep their
 * proportions.
 * @param data gone through again where it ends early.
 * @throws {ValueError} options make no sense, or there is no batch.
 * @example
 * const { suggestion } = await train.findLr(model, loader, { optimizer, loss: crossEntropy });
 * optimizer.lr = suggestion ?? 1e-3;
 */
export function findLr<X, Y, O>(
  model: Model<X, O>,
  data: Batches<readonly [X, Y]>,
  options: FindLrOptions<O, Y>,
): Promise<LrCurve>;
export function findLr<B>(model: Module, data: Batches<B>, options: FindLrStepOptions<B>): Promise<LrCurve>;
export async function findLr(
  model: Module,
  data: Batches<unknown>,
  options: Common & Judging,
): Promise<LrCurve> {
  const { optimizer, from = 1e-7, to = 10, steps = 100, smoothing = 0.9, divergence = 4 } = options;
  checkCount("findLr: steps", steps, 2);
  checkNumber("findLr: smoothing", smoothing, 0, 1);
  if (!(from > 0 && to > from && to < Infinity))
    throw new ValueError(`findLr: needs 0 < from < to, got ${from} and ${to}`);
  if (!(divergence > 1)) throw new ValueError(`findLr: divergence must be > 1, got ${divergence}`);
  const judge = judgeOf("findLr", model, options);
  const { groups } = optimizer;
  const shares = groups.map((group) => (optimizer.lr > 0 ? group.lr / optimizer.lr : 1));

  const restoreModes = rememberModes(model);
  const random = getRandomState();
  const epoch = data instanceof DataLoader ? data.epoch : 0;
  const [weights, state] = [new Snapshot(model), saveOptimizer(optimizer)];
  const lrs: number[] = [];
  const losses: number[] = [];
  const smoothed: number[] = [];
  const breath = new Breath();
  let average = 0;
  let best = Infinity;

  /** Trains on a batch. Whether there is more to learn. */
  const tryNext = (batch: unknown): boolean => {
    const i = lrs.length;
    const lr = from * power(to / from, i / (steps - 1));
    for (const [g, group] of groups.entries()) group.lr = lr * (shares[g] as number);
    optimizer.zeroGrad();
    const { loss } = judge(batch);
    const value = loss.item();
    if (!Number.isFinite(value)) return false;
    loss.backward();
    optimizer.step();
    average = smoothing * average + (1 - smoothing) * value;
    const smooth = average / (1 - power(smoothing, i + 1));
    lrs.push(lr);
    losses.push(value);
    smoothed.push(smooth);
    best = Math.min(best, smooth);
    return lrs.length < steps && !(smooth > divergence * best);
  };

  try {
    model.train();
    for (let goesOn = true; goesOn;) {
      let batches = 0;
      for await (const batch of data) {
        batches++;
        if (breath.due) await breath.take();
        goesOn = tryNext(batch);
        if (!goesOn) break;
      }
      if (batches === 0) throw new ValueError("findLr: the data gave no batch");
    }
  } finally {
    optimizer.zeroGrad();
    weights.restore(model);
    state.restore();
    setRandomState(random);
    if (data instanceof DataLoader) data.epoch = epoch;
    restoreModes();
    weights.dispose();
    state.dispose();
  }
  return { lrs, losses, smoothed, suggestion: steepest(lrs, losses, smoothed) };
}

/**
 * Where the loss falls most steeply over logarithms of the rate, before it leaves its lowest values for good: in the middle of the fifth of the steps whose line of
 * best fit falls most. Of the losses themselves: the smoothed ones lag behind, by which the rate would come out too large.
 */
function steepest(
  lrs: readonly number[],
  losses: readonly number[],
  smoothed: readonly number[],
): number | null {
  const half = Math.max(2, Math.floor(losses.length / 10));
  const lowest = Math.min(...smoothed);
  let end = smoothed.length - 1;
  while (end >= 0 && !((smoothed[end] as number) <= lowest + 0.05 * Math.abs(lowest))) end--;
  let [at, slope] = [-1, 0];
  for (let i = half; i + half <= end; i++) {
    let here = 0;
    for (let j = -half; j <= half; j++) here += j * (losses[i + j] as number);
    if (here < slope) [at, slope] = [i, here];
  }
  return lrs[at] ?? null;
}
