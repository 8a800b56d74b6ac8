import { ValueError } from "../errors.ts";
import { checkCount } from "./options.ts";
import { LRScheduler, type Scheduled, type ScheduleState } from "./schedule.ts";

function checkSchedules(name: string, optimizer: Scheduled, schedules: readonly LRScheduler[]): void {
  if (schedules.length === 0) throw new ValueError(`${name}: got no schedules`);
  for (const [i, schedule] of schedules.entries()) {
    if (schedule.optimizer !== optimizer)
      throw new ValueError(`${name}: schedule ${i} moves another optimiser; make all of them with the same`);
  }
}

/** States of the schedules within, in PyTorch's name. */
const statesOf = (schedules: readonly LRScheduler[]): ScheduleState => ({
  _schedulers: schedules.map((schedule) => schedule.stateDict()),
});

function loadStates(name: string, schedules: readonly LRScheduler[], state: ScheduleState): void {
  const states = state["_schedulers"];
  if (!Array.isArray(states) || states.length !== schedules.length) {
    throw new ValueError(
      `${name}.loadStateDict: the state has ${Array.isArray(states) ? states.length : "no"} schedules, here are ${schedules.length}`,
    );
  }
  const before = schedules.map((schedule) => schedule.stateDict());
  try {
    for (const [i, schedule] of schedules.entries()) schedule.loadStateDict(states[i] as ScheduleState);
  } catch (error) {
    for (const [i, schedule] of schedules.entries()) schedule.loadStateDict(before[i] as ScheduleState);
    throw error;
  }
}

export interface SequentialLROptions {
  /** The steps at which the next schedule takes over: one less than there are schedules, ascending. */
  milestones: readonly number[];
}

/**
 * Schedules one after another, each from its own beginning and the base rate: a warm-up, then a fall. PyTorch's rule.
 * @throws {ValueError} schedules of another optimiser, or milestones that are not one fewer or do not ascend.
 * @example
 * const warmUp = new optim.LinearLR(optimizer, { startFactor: 0.01, totalIters: 500 });
 * const fall = new optim.CosineAnnealingLR(optimizer, { tMax: 9500 });
 * const schedule = new optim.SequentialLR(optimizer, [warmUp, fall], { milestones: [500] });
 */
export class SequentialLR extends LRScheduler<SequentialLROptions> {
  private readonly schedules: readonly LRScheduler[];

  constructor(optimizer: Scheduled, schedules: readonly LRScheduler[], options: SequentialLROptions) {
    super("SequentialLR", optimizer, { milestones: options.milestones });
    checkSchedules("SequentialLR", optimizer, schedules);
    const { milestones } = options;
    if (milestones.length !== schedules.length - 1) {
      throw new ValueError(
        `SequentialLR: ${schedules.length} schedules need ${schedules.length - 1} milestones, got ${milestones.length}`,
      );
    }
    for (const [i, m] of milestones.entries())
      checkCount(`SequentialLR: milestones[${i}]`, m, (milestones[i - 1] ?? 0) + 1);
    this.schedules = schedules;
    this.begin();
  }

  override step(): void {
    this.lastEpoch++;
    const { milestones } = this.options;
    const current = milestones.filter((m) => m <= this.lastEpoch).length;
    const schedule = this.schedules[current] as LRScheduler;
    if (current > 0 && milestones[current - 1] === this.lastEpoch) schedule.restart();
    else schedule.step();
  }

  override begin(): void {
    this.lastEpoch = 0;
    // From the base rates, since making the schedules took a first step of each.
    (this.schedules[0] as LRScheduler).restart();
  }

  protected override rate(lr: number): number {
    return lr;
  }

  override stateDict(): ScheduleState {
    return { ...super.stateDict(), ...statesOf(this.schedules) };
  }

  override loadStateDict(state: ScheduleState): void {
    loadStates("SequentialLR", this.schedules, state);
    super.loadStateDict(state);
  }
}

/**
 * Several schedules at once, each stepping on from what the others made of the rate. PyTorch's rule.
 * @throws {ValueError} no schedules, or schedules of different optimisers.
 * @example
 * const schedule = new optim.ChainedScheduler([
 *   new optim.ConstantLR(optimizer, { factor: 0.1, totalIters: 100 }),
 *   new optim.ExponentialLR(optimizer, { gamma: 0.999 }),
 * ]);
 */
export class ChainedScheduler extends LRScheduler {
  private readonly schedules: readonly LRScheduler[];

  constructor(schedules: readonly LRScheduler[]) {
    const first = schedules[0];
    if (first === undefined) throw new ValueError("ChainedScheduler: got no schedules");
    super("ChainedScheduler", first.optimizer, {});
    checkSchedules("ChainedScheduler", first.optimizer, schedules);
    this.schedules = schedules;
  }

  override step(): void {
    this.lastEpoch++;
    for (const schedule of this.schedules) schedule.step();
  }

  override begin(): void {
    this.lastEpoch = 0;
    for (const schedule of this.schedules) schedule.begin();
  }

  protected override rate(lr: number): number {
    return lr;
  }

  override stateDict(): ScheduleState {
    return { ...super.stateDict(), ...statesOf(this.schedules) };
  }

  override loadStateDict(state: ScheduleState): void {
    loadStates("ChainedScheduler", this.schedules, state);
    super.loadStateDict(state);
  }
}
