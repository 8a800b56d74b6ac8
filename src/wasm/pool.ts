/** The worker threads that share commands with the one that owns the memory. */
import { mayBlock } from "#platform";
import { WorkerLostError } from "../errors.ts";
import type { Way } from "../platform/port.ts";
import type { Exports } from "./instantiate.ts";
import { STATUS, TEAM } from "./layout.ts";
import { Thread, type Start } from "./thread.ts";

/** Milliseconds that the threads may take to start. */
const START_DEADLINE = 10_000;
/** Milliseconds without a sign of the others, beyond the time that this thread needed itself, after which one of them counts as lost. */
const DEADLINE = 5_000;
/** Milliseconds that this thread sleeps at a time, where it may; the others wake it up when they are through. */
const NAP = 1;
/** One look counts for so many milliseconds at most: computers sleep, and debuggers stop all threads. */
const LONGEST_LOOK = 100;
/** See assembly/program.ts. */
const PENDING = -0x80000000;

export class Pool {
  /** Settles when all have started, or the pool has been stopped. @throws {WorkerLostError} one of them has not. */
  readonly started: Promise<void>;
  /** Whether all have started, and none was lost. */
  running = false;
  /** The owner is one of them. */
  readonly parts: number;
  readonly #exports: Exports;
  readonly #lost: (reason: string) => void;
  readonly #workers: Thread[] = [];
  #missing: number;
  #settle!: (error: WorkerLostError | null) => void;
  readonly #timer: ReturnType<typeof setTimeout>;

  /**
   * @param ways to start a worker, in the order to try.
   * @param lost is told why a worker is no more, once; the pool has stopped then.
   */
  constructor(
    start: Omit<Start, "team" | "part">,
    ways: readonly Way[],
    exports: Exports,
    lost: (reason: string) => void,
  ) {
    this.parts = start.parts;
    this.#exports = exports;
    this.#lost = lost;
    this.#missing = start.parts - 1;
    this.started = new Promise((resolve, reject) => {
      this.#settle = (error) => {
        clearTimeout(this.#timer);
        if (error === null) resolve();
        else reject(error);
      };
    });
    this.#timer = setTimeout(() => {
      this.#lose(
        `${this.#missing} of ${this.parts - 1} worker threads did not start in ${START_DEADLINE / 1000} s`,
      );
    }, START_DEADLINE);
    for (let part = 1; part < this.parts; part++) {
      this.#workers.push(
        new Thread(
          { ...start, team: TEAM, part },
          ways,
          () => this.#begun(),
          (reason) => this.#gone(`worker thread ${part} ${reason}`),
        ),
      );
    }
  }

  /**
   * Runs a program on all threads; returns as `run` of the kernels does.
   * @throws {WorkerLostError} one of them is silent for too long.
   */
  run(program: number, count: number): number {
    const begun = performance.now();
    try {
      const code = this.#exports.share(TEAM, program, count, this.parts, STATUS);
      return code === PENDING ? this.#wait(begun) : code;
    } catch (error) {
      // A trap, which is a mistake in a kernel: the others wait for what will never come.
      this.#lose("a command failed on thread 0");
      throw error;
    }
  }

  /** Ends the workers. */
  stop(): void {
    this.running = false;
    for (const worker of this.#workers.splice(0)) worker.end();
    this.#settle(null);
  }

  #begun(): void {
    if (--this.#missing > 0) return;
    this.running = true;
    // Threads that wait for work must not keep a process alive.
    for (const worker of this.#workers) worker.hold(false);
    this.#settle(null);
  }

  #wait(begun: number): number {
    let looked = performance.now();
    let allowed = DEADLINE + looked - begun;
    let silent = 0;
    let pulse = this.#exports.pulse(TEAM, this.parts);
    for (;;) {
      const code = this.#exports.resume(TEAM, this.parts, STATUS, mayBlock ? NAP : 0);
      if (code !== PENDING) return code;
      const now = performance.now();
      const beat = this.#exports.pulse(TEAM, this.parts);
      if (beat !== pulse) {
        pulse = beat;
        silent = 0;
        allowed = DEADLINE + now - looked;
      } else silent += Math.min(now - looked, LONGEST_LOOK);
      looked = now;
      if (silent > allowed) {
        const reason = `a worker thread gave no sign for ${Math.round(allowed)} ms`;
        this.#lose(reason);
        throw new WorkerLostError(
          `threads: ${reason}, so the results of what ran are incomplete; it goes on with one thread (compute anew from the last good state, a checkpoint for instance, and start the threads again with init({ threads }))`,
        );
      }
    }
  }

  /** A worker ended, of which the host tells while nothing runs. */
  #gone(reason: string): void {
    if (this.running) console.warn(`simdgrad: ${reason}; going on with one thread until init({ threads })`);
    this.#lose(reason);
  }

  #lose(reason: string): void {
    if (this.#workers.length === 0) return;
    if (!this.running) {
      this.#settle(
        new WorkerLostError(
          `init: ${reason}; it goes on with one thread (a page's content security policy must allow worker-src 'self' or blob:, and init({ threads, worker }) takes a function that starts your own: see docs/threads.md)`,
        ),
      );
    }
    this.stop();
    this.#lost(reason);
  }
}
