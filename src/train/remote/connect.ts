import { end, hold, isOurs, listen, type Port } from "../../platform/port.ts";
import { Vigil } from "../../data/vigil.ts";
import { ValueError, WorkerError } from "../../errors.ts";
import { revive, type FromTrainer, type RemoteProgress, type ToTrainer } from "./protocol.ts";

export interface ConnectOptions<E> {
  /** Hears of steps and epochs, where the worker passes `progress` to `fit`. */
  readonly progress?: (progress: RemoteProgress) => void;
  /** Hears what the worker reports besides. */
  readonly event?: (event: E) => void;
  /** Hears of each change of `state`. */
  readonly state?: (state: RemoteState) => void;
  /**
   * Milliseconds of silence during a training after which the worker counts as lost: more than its longest step. Default 60,000. Node tells
   * of a worker's end at once; browsers never do.
   */
  readonly timeout?: number;
}

export type RemoteState = "idle" | "running" | "paused";

export interface RemoteResult {
  /** What the worker's function gave: the weights as a safetensors file, or bytes of its own; null for nothing. */
  readonly bytes: Uint8Array | null;
  /** Whether it was cancelled, or gave way to another training. */
  readonly cancelled: boolean;
}

interface Waiting {
  readonly resolve: (result: RemoteResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A worker that trains, as the program sees it: made by {@link connect}.
 */
export class Remote<I, E, M> {
  readonly #port: Port;
  readonly #options: ConnectOptions<E>;
  readonly #vigil: Vigil;
  readonly #waiting = new Map<number, Waiting>();
  #job = 0;
  #state: RemoteState = "idle";
  #lost: string | null = null;

  constructor(port: Port, options: ConnectOptions<E>) {
    const { timeout = 60_000 } = options;
    if (!(timeout > 0)) throw new ValueError(`connect: timeout must be above 0, got ${timeout}`);
    this.#port = port;
    this.#options = options;
    this.#vigil = new Vigil(
      port,
      timeout,
      (reason) => this.#lose(reason),
      () => this.#post({ simdgrad: "ping" }),
    );
    listen(
      port,
      (data) => this.#hear(data),
      (reason) => this.#lose(reason),
    );
    hold(port, false);
  }

  get state(): RemoteState {
    return this.#state;
  }

  /**
   * Starts a training. One that is under way is cancelled, and this one begins when it has ended.
   * @returns at its end, also where it was cancelled.
   * @throws {SimdgradError} what was thrown in the worker, of the same class; {WorkerError} the worker failed, ended or fell silent.
   */
  start(input: I): Promise<RemoteResult> {
    return new Promise((resolve, reject) => {
      if (this.#lost !== null) throw this.#error(this.#lost);
      const job = ++this.#job;
      this.#post({ simdgrad: "train", job, input });
      if (this.#waiting.size === 0) this.#vigil.begin();
      this.#waiting.set(job, { resolve, reject });
      this.#change("running");
    });
  }

  /** Lets the training wait before its next batch. */
  pause(): void {
    this.#post({ simdgrad: "pause", job: this.#job });
  }

  resume(): void {
    this.#post({ simdgrad: "resume", job: this.#job });
  }

  /** Ends the training before its next batch. */
  cancel(): void {
    this.#post({ simdgrad: "cancel", job: this.#job });
  }

  /** Sends the worker something of your own. */
  send(message: M): void {
    this.#post({ simdgrad: "message", message });
  }

  /** Ends the worker. A training that is under way rejects. */
  close(): void {
    this.#lose("was closed");
  }

  #post(message: ToTrainer): void {
    if (this.#lost === null) this.#port.postMessage(message, []);
  }

  #hear(data: unknown): void {
    this.#vigil.heard();
    if (!isOurs(data)) return;
    const message = data as FromTrainer;
    if (message.simdgrad === "trainer" || message.simdgrad === "pong") return;
    const { job } = message;
    if (message.simdgrad === "done") {
      const { bytes, cancelled } = message;
      this.#end(job)?.resolve({ bytes, cancelled });
    } else if (message.simdgrad === "failed") this.#end(job)?.reject(revive(message.error));
    // What a training that has given way still had to say is of no interest.
    else if (job === this.#job) {
      if (message.simdgrad === "progress") this.#options.progress?.(message.progress);
      else if (message.simdgrad === "event") this.#options.event?.(message.event as E);
      else this.#change(message.state);
    }
  }

  #end(job: number): Waiting | undefined {
    const waiting = this.#waiting.get(job);
    this.#waiting.delete(job);
    if (this.#waiting.size === 0) {
      this.#vigil.end();
      this.#change("idle");
    }
    return waiting;
  }

  #change(state: RemoteState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#options.state?.(state);
  }

  #lose(reason: string): void {
    if (this.#lost !== null) return;
    this.#lost = reason;
    for (const job of [...this.#waiting.keys()]) this.#end(job)?.reject(this.#error(reason));
    end(this.#port);
  }

  #error(reason: string): WorkerError {
    return new WorkerError(`train: the worker ${reason} (connect to a new one; checkpoints let it go on)`);
  }
}

/**
 * Takes over a worker whose file calls `train.serve(…)`, so that a page trains without freezing.
 * @param worker `Worker` of the host, or Node's of `node:worker_threads`.
 * @example
 * const worker = new Worker(new URL("./training.ts", import.meta.url), { type: "module" });
 * const remote = train.connect<{ epochs: number }>(worker, { progress: ({ steps }) => chart.add(steps) });
 * const { bytes } = await remote.start({ epochs: 5 }); // meanwhile: remote.pause(), resume(), cancel()
 */
export function connect<I, E = never, M = never>(
  worker: Port,
  options: ConnectOptions<E> = {},
): Remote<I, E, M> {
  return new Remote<I, E, M>(worker, options);
}
