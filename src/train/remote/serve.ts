import { workerPort } from "#platform";
import { isOurs, listen, type Port } from "../../platform/port.ts";
import { PlatformError } from "../../errors.ts";
import { saveSafetensors } from "../../io/safetensors.ts";
import { Module } from "../../nn/module.ts";
import type { Callback, Run } from "../callback.ts";
import { Control } from "../control.ts";
import type { EpochRecord, StepRecord } from "../history.ts";
import { thrown, type FromTrainer, type ToTrainer } from "./protocol.ts";

/** One training that the program has asked for. */
export interface Job<I, E = never> {
  /** What the program passed to `start`. */
  readonly input: I;
  /** Aborts when the program cancels; pass it to `fit`. */
  readonly signal: AbortSignal;
  /** Pauses when the program does; pass it to `fit`. */
  readonly control: Control;
  /** Tells the program of steps and epochs, not too often; pass it among the callbacks of `fit`. */
  readonly progress: Callback;
  /** Tells the program something of your own: whatever postMessage takes. */
  readonly report: (event: E) => void;
}

export interface ServeOptions<M> {
  /** Hears what the program sends besides. */
  readonly message?: (message: M) => void;
  /** Milliseconds between two words about steps. Default 100. */
  readonly every?: number;
  /** Default: the worker's own way to its program. */
  readonly port?: Port;
}

/** Collects steps and epochs, and tells of them together. */
class Reporter implements Callback {
  readonly #post: (message: FromTrainer) => void;
  readonly #job: number;
  readonly #every: number;
  #steps: StepRecord[] = [];
  #epochs: EpochRecord[] = [];
  #run: Run | null = null;
  #told = -Infinity;

  constructor(post: (message: FromTrainer) => void, job: number, every: number) {
    this.#post = post;
    this.#job = job;
    this.#every = every;
  }

  onStart(run: Run): void {
    this.#run = run;
    this.flush();
  }

  onStep(record: StepRecord): void {
    this.#steps.push(record);
    if (performance.now() - this.#told >= this.#every) this.flush();
  }

  onEpochEnd(record: EpochRecord): void {
    this.#epochs.push(record);
    this.flush();
  }

  onEnd(): void {
    this.flush();
    this.#run = null;
  }

  flush(): void {
    if (this.#run === null) return;
    const { epochs: total, stepsPerEpoch, step } = this.#run;
    const [steps, epochs] = [this.#steps, this.#epochs];
    this.#steps = [];
    this.#epochs = [];
    this.#told = performance.now();
    this.#post({
      simdgrad: "progress",
      job: this.#job,
      progress: { steps, epochs, total, stepsPerEpoch, step },
    });
  }
}

interface Current {
  readonly id: number;
  readonly abort: AbortController;
  readonly control: Control;
  readonly reporter: Reporter;
}

/**
 * In a worker's file: trains whenever the program that started the worker (`train.connect`) asks for it, one training at a time. The event
 * loop of the worker must get its turn now and then, as `fit` and loaders see to.
 * @param run trains, and gives the model, whose weights then go to the program as a safetensors file, or bytes of its own (`io.save(…)`), or null.
 * @throws {PlatformError} outside of workers.
 * @example
 * train.serve<{ epochs: number }>(async ({ input, signal, control, progress }) => {
 *   await train.fit(model, loader, { epochs: input.epochs, optimizer, loss: crossEntropy, signal, control, callbacks: [progress] });
 *   return model;
 * });
 */
export function serve<I, E = never, M = never>(
  run: (job: Job<I, E>) => Promise<Module | Uint8Array | null>,
  options: ServeOptions<M> = {},
): void {
  const { message: hear, every = 100, port = workerPort() as Port | null } = options;
  if (port === null) {
    throw new PlatformError(
      "serve: this is no worker (call it in the file that new Worker(…) gets, or give it a port)",
    );
  }
  const post = (message: FromTrainer, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  let current: Current | null = null;
  /** The newest training that was asked for: older ones give way. */
  let wanted = -1;
  let stage: Promise<void> = Promise.resolve();

  async function perform(id: number, input: I): Promise<void> {
    if (id !== wanted) {
      post({ simdgrad: "done", job: id, bytes: null, cancelled: true });
      return;
    }
    const abort = new AbortController();
    const control = new Control();
    const reporter = new Reporter(post, id, every);
    current = { id, abort, control, reporter };
    post({ simdgrad: "state", job: id, state: "running" });
    const report = (event: E): void => post({ simdgrad: "event", job: id, event });
    try {
      const made = await run({ input, signal: abort.signal, control, progress: reporter, report });
      const bytes = made instanceof Module ? saveSafetensors(made.stateDict()) : made;
      // A view would take its whole buffer along.
      const sent = bytes === null ? null : bytes.byteLength < bytes.buffer.byteLength ? bytes.slice() : bytes;
      const transfer = sent === null ? [] : [sent.buffer as ArrayBuffer];
      post({ simdgrad: "done", job: id, bytes: sent, cancelled: abort.signal.aborted }, transfer);
    } catch (error) {
      if (abort.signal.aborted && error === abort.signal.reason)
        post({ simdgrad: "done", job: id, bytes: null, cancelled: true });
      else post({ simdgrad: "failed", job: id, error: thrown(error) });
    }
    current = null;
  }

  const steer = (what: "pause" | "resume" | "cancel", { abort, control, reporter, id }: Current): void => {
    if (what === "cancel") {
      abort.abort();
      return;
    }
    control[what]();
    reporter.flush();
    post({ simdgrad: "state", job: id, state: control.paused ? "paused" : "running" });
  };

  listen(
    port,
    (data) => {
      if (!isOurs(data)) return;
      const message = data as ToTrainer;
      switch (message.simdgrad) {
        case "train": {
          const { job, input } = message;
          wanted = job;
          current?.abort.abort();
          stage = stage.then(() => perform(job, input as I));
          return;
        }
        case "pause":
        case "resume":
        case "cancel":
          if (current?.id === message.job) steer(message.simdgrad, current);
          else if (message.simdgrad === "cancel" && wanted === message.job) wanted = -1;
          return;
        case "message":
          hear?.(message.message as M);
          return;
        case "ping":
          post({ simdgrad: "pong" });
      }
    },
    () => undefined,
  );
  post({ simdgrad: "trainer" });
}
