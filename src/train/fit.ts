import { noGrad } from "../autograd/mode.ts";
import { ValueError } from "../errors.ts";
import type { Module } from "../nn/module.ts";
import type { ExponentialMovingAverage } from "../optim/ema.ts";
import { checkCount } from "../optim/options.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { LRScheduler } from "../optim/schedule.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  Breath,
  judgeOf,
  samplesOf,
  type Batches,
  type Judged,
  type Judging,
  type StepFunction,
} from "./batch.ts";
import type { Callback, Run } from "./callback.ts";
import { isStateful, type Parts } from "./checkpoint.ts";
import type { Control } from "./control.ts";
import { evaluateBy, updateMetrics, type Model } from "./evaluate.ts";
import { type History, ofValidation, type EpochRecord } from "./history.ts";
import { Mean } from "./mean.ts";
import type { MetricLike, MetricValue } from "./metric.ts";
import { rememberModes } from "./mode.ts";
import { Pacer, type ScheduleEvery } from "./pacer.ts";
import { Progress } from "./progress.ts";
import { Saver, type CheckpointOptions } from "./saver.ts";
import { Step } from "./step.ts";

interface Common<B, O, Y> {
  /** Passes through the data. */
  readonly epochs: number;
  readonly optimizer: Optimizer;
  /** Moves the learning rate. */
  readonly schedule?: LRScheduler;
  /** When it moves. Default: after each step for OneCycleLR, after each epoch for the others, as PyTorch's pages use them. */
  readonly scheduleEvery?: ScheduleEvery;
  /** What ReduceLROnPlateau watches. Default "valLoss" where there is a validation, else "loss". */
  readonly scheduleMonitor?: string;
  /** Figures beside the loss, by the names that they get in the history; of the validation as `valAccuracy` and so on. */
  readonly metrics?: Readonly<Record<string, MetricLike<O, Y>>>;
  /** Evaluated after each epoch. */
  readonly validation?: Batches<B>;
  /** Batches whose gradients make up one step, as one batch of all their samples would. Default 1. */
  readonly accumulate?: number;
  /** Scales gradients down to this norm. */
  readonly clipGradNorm?: number;
  /** Holds every element of the gradients within ± this. */
  readonly clipGradValue?: number;
  /** Updated after each step; the validation is of its weights. */
  readonly ema?: ExponentialMovingAverage;
  readonly callbacks?: readonly Callback[];
  /** Ends training before the next batch. Not an error: the history tells. */
  readonly signal?: AbortSignal;
  /** Pauses and resumes. */
  readonly control?: Control;
  /** Where and when all of the training's state is kept. */
  readonly checkpoint?: CheckpointOptions;
  /**
   * Run each step, from the batch to the optimiser, as one recorded program: faster, the same numbers (see `compile`). The model and `loss`
   * or `step` must do the same at each call, without reading data in JavaScript. Default false.
   */
  readonly compile?: boolean;
  /** Go on from the newest checkpoint, bit for bit as if training had never stopped; begin where there is none. Default false. */
  readonly resume?: boolean;
}

/** For batches [x, y]. */
export interface FitOptions<B, O, Y> extends Common<B, O, Y> {
  /** A mean over the samples of a batch, such as `crossEntropy`. */
  readonly loss: (output: O, target: Y) => Tensor;
  readonly step?: undefined;
}

/** For batches of any other form. */
export interface FitStepOptions<B, O, Y> extends Common<B, O, Y> {
  /** Runs the model on a batch and gives the loss; output and target as well where metrics are wanted. */
  readonly step: StepFunction<B, O, Y>;
  readonly loss?: undefined;
}

type AnyOptions = Common<unknown, never, never> & Judging;

/**
 * Trains a model: the same operations in the same order as the loop that one writes by hand (docs/training.md has both), so the weights
 * are the same to the bit.
 *
 * The model trains in training mode and is validated in evaluation mode without gradients; at the end every module has the mode that it
 * had. A loss or a gradient that is NaN or infinite ends training before it reaches the parameters.
 * @param data batches [x, y], or of any form with `step`; iterated anew each epoch.
 * @throws {ValueError} options make no sense, or an epoch has no batch; {NonFiniteError} training diverged.
 * @example
 * const history = await train.fit(model, loader, { epochs: 5, optimizer, loss: crossEntropy, metrics: { accuracy: new train.Accuracy() } });
 */
export function fit<X, Y, O>(
  model: Model<X, O>,
  data: Batches<readonly [X, Y]>,
  options: FitOptions<readonly [X, Y], O, Y>,
): Promise<History>;
export function fit<B, O = Tensor, Y = Tensor>(
  model: Module,
  data: Batches<B>,
  options: FitStepOptions<B, O, Y>,
): Promise<History>;
export async function fit(model: Module, data: Batches<unknown>, options: AnyOptions): Promise<History> {
  return new Training(model, data, options).run();
}

class Training implements Run {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly ema: ExponentialMovingAverage | null;
  readonly history: History;
  readonly epochs: number;
  readonly stepsPerEpoch: number | null;

  private readonly data: Batches<unknown>;
  private readonly options: AnyOptions;
  private readonly judge: (batch: unknown) => Judged;
  private readonly metrics: [string, MetricLike<never, never>][];
  private readonly callbacks: readonly Callback[];
  private readonly pacer: Pacer | null;
  private readonly progress: Progress;
  private readonly saver: Saver | null;
  /** Of the step that runs. */
  private readonly stepLoss = new Mean();
  private readonly stepping: Step;
  /** The learning rate of the step that runs. */
  private lr = 0;
  /** When the epoch began, later by the pauses in it. */
  private began = 0;
  private readonly breath = new Breath();

  constructor(model: Module, data: Batches<unknown>, options: AnyOptions) {
    const { epochs, optimizer, accumulate = 1, schedule, scheduleEvery, scheduleMonitor } = options;
    checkCount("fit: epochs", epochs, 0);
    checkCount("fit: accumulate", accumulate, 1);
    this.model = model;
    this.data = data;
    this.options = options;
    this.optimizer = optimizer;
    this.epochs = epochs;
    this.ema = options.ema ?? null;
    this.judge = judgeOf("fit", model, options);
    this.metrics = Object.entries(options.metrics ?? {});
    this.callbacks = options.callbacks ?? [];
    const monitor = scheduleMonitor ?? (options.validation === undefined ? "loss" : "valLoss");
    this.pacer = schedule === undefined ? null : new Pacer(schedule, scheduleEvery, monitor);
    const { length } = data as { length?: unknown };
    this.stepsPerEpoch = typeof length === "number" ? Math.ceil(length / accumulate) : null;
    this.progress = new Progress(this.metrics, this.callbacks);
    this.history = this.progress.history;
    if (options.resume && options.checkpoint === undefined)
      throw new ValueError("fit: resume needs to know from where (pass checkpoint: { store })");
    this.saver = options.checkpoint === undefined ? null : new Saver(options.checkpoint, this.state());
    this.stepping = new Step({
      model,
      optimizer,
      judge: this.judge,
      accumulate,
      ...(options.clipGradNorm !== undefined && { clipGradNorm: options.clipGradNorm }),
      ...(options.clipGradValue !== undefined && { clipGradValue: options.clipGradValue }),
      ema: this.ema,
      compile: options.compile ?? false,
      wantsOutput: this.metrics.length > 0,
      at: () => ({ epoch: this.epoch, step: this.step + 1 }),
    });
  }

  /** What a checkpoint is made of. */
  private state(): Parts {
    const { model, optimizer, data, ema, progress } = this;
    const { schedule } = this.options;
    return {
      model,
      optimizer,
      ...(schedule && { schedule }),
      ...(ema && { ema }),
      ...(isStateful(data) && { data }),
      progress,
    };
  }

  get epoch(): number {
    return this.progress.epoch;
  }

  get step(): number {
    return this.progress.step;
  }

  stop(reason: string): void {
    this.progress.stopping = true;
    this.history.stopped ??= reason;
  }

  async run(): Promise<History> {
    const { progress } = this;
    const restore = rememberModes(this.model);
    await this.saver?.begin(this.options.resume ?? false);
    let failure: { error: unknown } | null = null;
    try {
      await this.tell((callback) => callback.onStart?.(this));
      while ((progress.running || progress.epoch < this.epochs) && this.goesOn()) {
        if (!progress.running) await this.openEpoch();
        await this.runEpoch();
      }
    } catch (error) {
      failure = { error };
    }
    restore();
    this.stepping.dispose();
    await this.tell((callback) => callback.onEnd?.(this, failure?.error));
    if (failure !== null) throw failure.error;
    this.optimizer.zeroGrad();
    return this.history;
  }

  private isAborted(): boolean {
    return this.options.signal?.aborted ?? false;
  }

  /** Whether there is a next batch to train on. */
  private goesOn(): boolean {
    if (this.isAborted()) this.stop("aborted by the signal");
    return !this.progress.stopping;
  }

  private async openEpoch(): Promise<void> {
    this.progress.epoch++;
    await this.tell((callback) => callback.onEpochStart?.(this));
    this.progress.open();
    this.model.train();
  }

  /** Runs the epoch, or what is left of it, to its end. */
  private async runEpoch(): Promise<void> {
    const { progress } = this;
    this.began = performance.now() - progress.milliseconds;
    if (!progress.drained) await this.runBatches();
    if (this.isAborted()) return;
    const { epoch, step } = this;
    if (progress.batches === 0)
      throw new ValueError(
        `fit: the data gave no batch in epoch ${epoch} (pass what can be iterated again and again: a DataLoader or an array, not a generator that has run)`,
      );
    const values = await this.closeEpoch();
    if (this.isAborted()) return;
    const seconds = (performance.now() - this.began) / 1000;
    const lr = this.history.steps.lr.at(-1) as number;
    const record: EpochRecord = { epoch, step, lr, seconds, values };
    this.pacer?.afterEpoch(record);
    this.history.addEpoch(record);
    await this.tell((callback) => callback.onEpochEnd?.(record, this));
    progress.running = false;
    await this.saver?.afterEpoch(record, progress.stopping || epoch === this.epochs);
  }

  private async runBatches(): Promise<void> {
    const { progress, data } = this;
    const { control, signal } = this.options;
    // A loader that knows where it stands goes on from there by itself.
    let known = isStateful(data) ? 0 : progress.batches;
    for await (const batch of data) {
      if (known-- > 0) continue;
      if (control?.paused) {
        const since = performance.now();
        await control.resumed(signal);
        this.began += performance.now() - since;
      }
      if (!this.goesOn()) break;
      if (this.breath.due) await this.breath.take();
      progress.batches++;
      if (this.take(batch)) await this.afterStep();
      if (!this.goesOn()) break;
    }
    progress.drained = true;
    if (this.stepping.pending > 0 && !this.isAborted()) {
      this.stepping.completeEarly();
      await this.afterStep();
    }
  }

  /** Trains on a batch; whether that completed a step. */
  private take(batch: unknown): boolean {
    if (this.stepping.pending === 0) this.stepLoss.reset();
    const { lr } = this.optimizer;
    const { judged, complete } = this.stepping.take(batch);
    this.lr = lr;
    const loss = judged.loss.item();
    const samples = samplesOf(batch);
    this.stepLoss.update(loss, samples);
    this.progress.loss.update(loss, samples);
    if (this.metrics.length > 0) noGrad(() => updateMetrics("fit", this.metrics, judged));
    return complete;
  }

  /** What follows a step of the optimiser. */
  private async afterStep(): Promise<void> {
    this.progress.step++;
    this.pacer?.afterStep();
    const record = { epoch: this.epoch, step: this.step, loss: this.stepLoss.compute(), lr: this.lr };
    this.history.addStep(record);
    if (this.callbacks.length > 0) await this.tell((callback) => callback.onStep?.(record, this));
    // One that is about to stop is saved when its epoch is closed.
    if (this.saver === null || this.progress.stopping) return;
    this.progress.milliseconds = performance.now() - this.began;
    await this.saver.afterStep(this.step);
  }

  /** The figures of the epoch and of its validation. */
  private async closeEpoch(): Promise<Record<string, MetricValue>> {
    const { validation, signal } = this.options;
    const values: Record<string, MetricValue> = { loss: this.progress.loss.compute() };
    for (const [name, metric] of this.metrics) values[name] = metric.compute();
    if (validation === undefined) return values;
    const judge = (): Promise<Record<string, MetricValue>> =>
      evaluateBy(this.model, validation, this.judge, {
        metrics: Object.fromEntries(this.metrics),
        ...(signal && { signal }),
      });
    const found = await (this.ema === null ? judge() : this.ema.apply(judge));
    for (const [name, value] of Object.entries(found)) values[ofValidation(name)] = value;
    return values;
  }

  /** Calls the callbacks one after the other; waits only for what is a promise. */
  private async tell(call: (callback: Callback) => void | Promise<void>): Promise<void> {
    for (const callback of this.callbacks) {
      const done = call(callback);
      if (done !== undefined) await done;
    }
  }
}
