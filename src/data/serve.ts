import { workerPort } from "#platform";
import { PlatformError } from "../errors.ts";
import type { Dataset } from "./dataset.ts";
import { makeBatch } from "./make.ts";
import { isOurs, listen, type Port } from "../platform/port.ts";
import { pack, type Ask, type FromWorker, type Thrown, type ToWorker } from "./protocol.ts";
import { confine, own, release } from "./sample.ts";
import type { BatchTransform } from "./transform.ts";
import { turn } from "./turn.ts";

export interface ServeOptions<S> {
  /** Applied to each batch here, in the worker. What it draws at random must come from its context alone, as workers share the batches. */
  readonly transform?: BatchTransform<S>;
  /** Default: the worker's own way to its program. */
  readonly port?: Port;
}

/**
 * In a worker's file: hands out the batches of a dataset to the program that started the worker (`WorkerDataset.open`), one after the
 * other. Node's worker threads and the workers of browsers, Deno and Bun.
 * @throws PlatformError outside of workers.
 * @example
 * // digits.worker.ts
 * data.serve(await imageFolder("digits", { size: 28 }));
 */
export function serve<S>(dataset: Dataset<S>, options: ServeOptions<NoInfer<S>> = {}): void {
  const { transform, port = workerPort() as Port | null } = options;
  if (port === null) {
    throw new PlatformError(
      "serve: this is no worker (call it in the file that new Worker(…) gets, or give it a port)",
    );
  }
  const queue: (Ask & { readonly id: number })[] = [];
  let current: { readonly id: number; readonly left: AbortController } | null = null;

  const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void =>
    port.postMessage(message, transfer);
  const ready = (): void => post({ simdgrad: "ready", length: dataset.length });

  async function answer({ id, indices, seed, epoch }: Ask & { readonly id: number }): Promise<void> {
    const left = new AbortController();
    current = { id, left };
    try {
      let batch = await makeBatch(dataset, indices, { seed, epoch, signal: left.signal });
      try {
        if (transform) {
          const made = batch;
          batch = own(() => transform(made.sample, { seed, epoch, indices }));
          release(made.tensors);
        }
        const transfer: ArrayBuffer[] = [];
        const sample = confine(() => pack(batch.sample, transfer));
        if (!left.signal.aborted) post({ simdgrad: "batch", id, sample }, transfer);
      } finally {
        release(batch.tensors);
      }
    } catch (error) {
      if (!left.signal.aborted) post({ simdgrad: "failed", id, error: thrown(error) });
    }
    current = null;
  }

  async function work(): Promise<void> {
    for (let next = queue.shift(); next; next = queue.shift()) {
      await answer(next);
      // Word that a batch is no longer wanted gets through between two of them.
      await turn();
    }
    working = false;
  }
  let working = false;

  listen(
    port,
    (data) => {
      if (!isOurs(data)) return;
      const message = data as ToWorker;
      if (message.simdgrad === "hello") ready();
      if (message.simdgrad === "ask") {
        queue.push(message);
        if (!working) {
          working = true;
          void work();
        }
      }
      if (message.simdgrad === "cancel") {
        const at = queue.findIndex(({ id }) => id === message.id);
        if (at >= 0) queue.splice(at, 1);
        if (current?.id === message.id) current.left.abort();
      }
    },
    () => undefined,
  );
  // The program's greeting may have come before anybody listened.
  ready();
}

function thrown(error: unknown): Thrown {
  const { name, message, stack = "" } = error instanceof Error ? error : new Error(String(error));
  return { name, message, stack };
}
