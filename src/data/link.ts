import { WorkerError } from "../errors.ts";
import type { SampleRequest } from "./dataset.ts";
import { end, isOurs, listen, type Port } from "../platform/port.ts";
import type { FromWorker, Packed, ToWorker } from "./protocol.ts";
import { Vigil } from "./vigil.ts";

interface Waiting {
  readonly what: string;
  readonly resolve: (sample: Packed) => void;
  readonly reject: (error: Error) => void;
}

/** One worker, as the program sees it. Nothing that it is asked stays without an answer. */
export class Link {
  /** Number of samples, once it has said so. */
  readonly length: Promise<number>;
  /** Why it can do no more. */
  lost: string | null = null;
  readonly #port: Port;
  readonly #name: string;
  readonly #vigil: Vigil;
  readonly #waiting = new Map<number, Waiting>();
  #ready!: (length: number) => void;
  #ids = 0;

  constructor(port: Port, name: string, timeout: number) {
    this.#port = port;
    this.#name = name;
    this.#vigil = new Vigil(port, timeout, (reason) => this.lose(reason));
    listen(
      port,
      (data) => this.#hear(data),
      (reason) => this.lose(reason),
    );
    this.length = new Promise((resolve, reject) => {
      this.#ready = resolve;
      this.#wait(-1, {
        what: "it was ready: does its file call serve(…)?",
        resolve: () => undefined,
        reject,
      });
    });
    this.#post({ simdgrad: "hello" });
  }

  get load(): number {
    return this.#waiting.size;
  }

  ask(indices: Int32Array, { seed, epoch, signal }: Partial<SampleRequest>): Promise<Packed> {
    const what = `it had made ${samples(indices)}`;
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      if (this.lost !== null) throw this.#error(this.lost, what);
      const id = this.#ids++;
      const cancel = (): void => {
        this.#done(id);
        this.#post({ simdgrad: "cancel", id });
        reject(signal?.reason as Error);
      };
      const settled = (): void => signal?.removeEventListener("abort", cancel);
      signal?.addEventListener("abort", cancel);
      this.#wait(id, {
        what,
        resolve: (sample) => {
          settled();
          resolve(sample);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.#post({ simdgrad: "ask", id, indices, seed: seed ?? 0, epoch: epoch ?? 0 });
    });
  }

  /** Ends the worker and with it all that is waited for. */
  lose(reason: string): void {
    if (this.lost !== null) return;
    this.lost = reason;
    for (const [id, { what, reject }] of this.#waiting) {
      this.#done(id);
      reject(this.#error(reason, what));
    }
    end(this.#port);
  }

  #hear(data: unknown): void {
    this.#vigil.heard();
    if (!isOurs(data)) return;
    const message = data as FromWorker;
    if (message.simdgrad === "ready") {
      this.#done(-1);
      this.#ready(message.length);
    } else {
      const waiting = this.#waiting.get(message.id);
      if (waiting === undefined) return; // cancelled
      this.#done(message.id);
      if (message.simdgrad === "batch") waiting.resolve(message.sample);
      else {
        const { name, message: text, stack } = message.error;
        const cause = Object.assign(new Error(text), { name, stack });
        waiting.reject(
          new WorkerError(`WorkerDataset: ${this.#name} failed before ${waiting.what}: ${name}: ${text}`, {
            cause,
          }),
        );
      }
    }
  }

  #wait(id: number, waiting: Waiting): void {
    if (this.#waiting.size === 0) this.#vigil.begin();
    this.#waiting.set(id, waiting);
  }

  #done(id: number): void {
    if (this.#waiting.delete(id) && this.#waiting.size === 0) this.#vigil.end();
  }

  #post(message: ToWorker): void {
    this.#port.postMessage(message, []);
  }

  #error(reason: string, what: string): WorkerError {
    return new WorkerError(`WorkerDataset: ${this.#name} ${reason} before ${what} (open the dataset anew)`);
  }
}

function samples(indices: Int32Array): string {
  const shown = [...indices.subarray(0, 8)].join(", ");
  return `${indices.length === 1 ? "sample" : "samples"} ${shown}${indices.length > 8 ? ", …" : ""}`;
}
