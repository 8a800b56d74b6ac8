import { ValueError } from "../errors.ts";
import type { Store } from "../io/store.ts";
import { checkCount } from "../optim/options.ts";
import { Best, type MonitorOptions } from "./better.ts";
import { decodeCheckpoint, encodeCheckpoint, type Parts } from "./checkpoint.ts";
import { monitored, type EpochRecord } from "./history.ts";

export interface CheckpointOptions {
  readonly store: Store;
  /** What the checkpoints are called: `name-00000120` after step 120, and `name-best`. Default "run". */
  readonly name?: string;
  /** Save after so many steps. Default: only after epochs. */
  readonly everySteps?: number;
  /** Save after so many epochs; after the last one in any case. Default 1. */
  readonly everyEpochs?: number;
  /** How many checkpoints are kept. Default 1: the newest. */
  readonly keepLast?: number;
  /** Keep the checkpoint of the epoch with the best value besides, as `name-best`. Default: none. */
  readonly keepBest?: MonitorOptions;
}

/** Digits of the step in a name, so that names sort. */
const DIGITS = 8;

/** Saves the parts of a training when it is time, and goes on from the newest checkpoint. */
export class Saver {
  readonly #store: Store;
  readonly #name: string;
  readonly #everySteps: number | null;
  readonly #everyEpochs: number;
  readonly #keepLast: number;
  readonly #best: Best | null;
  readonly #parts: Parts;

  constructor(options: CheckpointOptions, parts: Parts) {
    const { store, name = "run", everySteps, everyEpochs = 1, keepLast = 1, keepBest } = options;
    if (everySteps !== undefined) checkCount("fit: checkpoint.everySteps", everySteps, 1);
    checkCount("fit: checkpoint.everyEpochs", everyEpochs, 1);
    checkCount("fit: checkpoint.keepLast", keepLast, 1);
    this.#store = store;
    this.#name = name;
    this.#everySteps = everySteps ?? null;
    this.#everyEpochs = everyEpochs;
    this.#keepLast = keepLast;
    const best = keepBest === undefined ? null : new Best("fit: checkpoint.keepBest", keepBest);
    this.#best = best;
    this.#parts = {
      ...parts,
      ...(best && {
        best: {
          stateDict: () => ({ value: best.value }),
          loadStateDict: ({ value }: { value: number | null }) => (best.value = value),
        },
      }),
    };
  }

  /** The names of the checkpoints of steps, the oldest first. */
  async #saved(): Promise<string[]> {
    const names = await this.#store.list();
    const start = `${this.#name}-`;
    const stepOf = (name: string): number => Number(name.slice(start.length));
    return names
      .filter((name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length)))
      .sort((a, b) => stepOf(a) - stepOf(b));
  }

  /** Goes on from the newest checkpoint where there is one and that is wanted. */
  async begin(resume: boolean): Promise<void> {
    const newest = (await this.#saved()).at(-1);
    if (newest === undefined) return;
    if (!resume)
      throw new ValueError(
        `fit: the store has a checkpoint ${newest} (pass resume: true to go on from it, or another checkpoint.name)`,
      );
    const bytes = await this.#store.read(newest);
    if (bytes !== null) decodeCheckpoint(bytes, this.#parts, { name: newest });
  }

  async afterStep(step: number): Promise<void> {
    if (this.#everySteps !== null && step % this.#everySteps === 0)
      await this.#save(step, encodeCheckpoint(this.#parts));
  }

  async afterEpoch(record: EpochRecord, isLast: boolean): Promise<void> {
    const best = this.#best;
    const isBest = best?.take(monitored("fit: checkpoint.keepBest", record, best.monitor)) ?? false;
    const isDue = isLast || record.epoch % this.#everyEpochs === 0;
    if (!isBest && !isDue) return;
    const bytes = encodeCheckpoint(this.#parts);
    // First the best: a process that dies in between goes on from an older one, and finds the best again.
    if (isBest) await this.#store.write(`${this.#name}-best`, bytes);
    if (isDue) await this.#save(record.step, bytes);
  }

  /** Writes a checkpoint, then lets the old ones go. */
  async #save(step: number, bytes: Uint8Array): Promise<void> {
    await this.#store.write(`${this.#name}-${String(step).padStart(DIGITS, "0")}`, bytes);
    for (const name of (await this.#saved()).slice(0, -this.#keepLast)) await this.#store.remove(name);
  }
}
