import { ValueError } from "../errors.ts";
import type { Dataset, SampleRequest } from "./dataset.ts";
import { Link } from "./link.ts";
import type { Port } from "../platform/port.ts";
import { unpack } from "./protocol.ts";
import { confine } from "./sample.ts";

export interface WorkerDatasetOptions {
  /**
   * Milliseconds of silence after which a worker that is asked for something counts as lost, the time until it is ready included. Default
   * 60,000. Node tells of a worker's end at once; browsers never do.
   */
  readonly timeout?: number;
}

/**
 * A dataset that workers make the batches of: each of their files calls `serve(dataset)`, with the same dataset. A loader with
 * `prefetch` keeps them busy while the training step runs. Which worker makes a batch changes nothing in it.
 *
 * The process does not wait for workers that have nothing to do. A worker that fails, ends or falls silent is a WorkerError at the batch
 * that it was to make.
 * @example
 * const start = () => new Worker(new URL("./digits.worker.ts", import.meta.url), { type: "module" });
 * const dataset = await data.WorkerDataset.open<[Tensor, Tensor]>([start(), start()]);
 * const loader = new data.DataLoader(dataset, { batchSize: 64, shuffle: true, prefetch: 4 });
 */
export class WorkerDataset<S> implements Dataset<S> {
  readonly length: number;
  readonly #links: readonly Link[];

  private constructor(links: readonly Link[], length: number) {
    this.#links = links;
    this.length = length;
  }

  /**
   * Waits until all workers are ready. They are the dataset's from now on: `close()` ends them.
   * @param workers at least one, each with a worker of its own: `Worker` of the host, or Node's of `node:worker_threads`.
   * @throws WorkerError one of them fails; ValueError they serve different numbers of samples. All are ended then.
   */
  static async open<S>(
    workers: readonly Port[],
    options: WorkerDatasetOptions = {},
  ): Promise<WorkerDataset<S>> {
    const { timeout = 60_000 } = options;
    if (workers.length === 0) throw new ValueError("WorkerDataset: needs at least one worker, got none");
    if (!(timeout > 0)) throw new ValueError(`WorkerDataset: timeout must be above 0, got ${timeout}`);
    const links = workers.map((worker, i) => new Link(worker, `worker ${i}`, timeout));
    try {
      const [length = 0, ...others] = await Promise.all(links.map((link) => link.length));
      others.forEach((other, i) => {
        if (other !== length) {
          throw new ValueError(
            `WorkerDataset: worker ${i + 1} serves ${other} samples, worker 0 ${length} (all serve the same dataset)`,
          );
        }
      });
      return new WorkerDataset<S>(links, length);
    } catch (error) {
      for (const link of links) link.lose("was ended, as another one failed,");
      throw error;
    }
  }

  get(index: number, request: Partial<SampleRequest> = {}): Promise<S> {
    return this.#ask(Int32Array.of(index), request, true);
  }

  batch(indices: Int32Array, request: Partial<SampleRequest> = {}): Promise<S> {
    return this.#ask(indices, request, false);
  }

  /** Ends the workers. What they were asked for fails with a WorkerError. */
  close(): void {
    for (const link of this.#links) link.lose("was closed");
  }

  async #ask(indices: Int32Array, request: Partial<SampleRequest>, one: boolean): Promise<S> {
    // One that is lost is not passed over in silence: training would go on, slower, with nobody told.
    const link =
      this.#links.find(({ lost }) => lost !== null) ??
      this.#links.reduce((least, other) => (other.load < least.load ? other : least));
    const packed = await link.ask(indices, request);
    return confine(() => unpack(packed, one) as S);
  }
}
