import { ValueError } from "../errors.ts";
import { OneCycleLR } from "../optim/onecycle.ts";
import { ReduceLROnPlateau } from "../optim/plateau.ts";
import type { LRScheduler } from "../optim/schedule.ts";
import { monitored, type EpochRecord } from "./history.ts";

/** When a schedule moves the learning rate: after each update of the parameters or after each epoch. */
export type ScheduleEvery = "step" | "epoch";

/** Calls a schedule when its turn comes. */
export class Pacer {
  readonly #schedule: LRScheduler;
  readonly #every: ScheduleEvery;
  readonly #monitor: string;

  constructor(schedule: LRScheduler, every: ScheduleEvery | undefined, monitor: string) {
    this.#schedule = schedule;
    this.#every = every ?? (schedule instanceof OneCycleLR ? "step" : "epoch");
    this.#monitor = monitor;
    if (!["step", "epoch"].includes(this.#every))
      throw new ValueError(`fit: scheduleEvery must be "step" or "epoch", got "${this.#every}"`);
    if (schedule instanceof ReduceLROnPlateau && this.#every === "step")
      throw new ValueError(
        'fit: ReduceLROnPlateau watches a value of an epoch; leave out scheduleEvery: "step"',
      );
  }

  afterStep(): void {
    if (this.#every === "step") this.#schedule.step();
  }

  afterEpoch(record: EpochRecord): void {
    if (this.#every !== "epoch") return;
    if (this.#schedule instanceof ReduceLROnPlateau)
      this.#schedule.step(monitored("fit: scheduleMonitor", record, this.#monitor));
    else this.#schedule.step();
  }
}
