import { ValueError } from "../errors.ts";
import { refuseInProgram } from "../tensor/witness.ts";
import { pythonName } from "./options.ts";

/** What schedules move: a learning rate and, for some, a momentum, a group. Every Optimizer is one. */
export interface Scheduled {
  readonly groups: readonly { lr: number; momentum: number; initialLr: number | null }[];
}

/** What a schedule's stateDict gives: plain data in PyTorch's names. */
export type ScheduleState = Readonly<Record<string, unknown>>;

/**
 * The base of schedules: sets the learning rates when it is made (step 0), and at each `step()`, which comes after optimizer.step().
 * Most rules go from one rate to the next by a factor, as PyTorch's do, so that several schedules on one optimiser combine.
 */
export abstract class LRScheduler<O extends object = object> {
  /** The optimiser that it moves. */
  readonly optimizer: Scheduled;
  protected options: O;
  /** The rates that the groups started from. */
  readonly baseLrs: number[] = [];
  /** Steps taken. */
  lastEpoch = 0;
  /** What kind it is: "StepLR" and so on. A checkpoint of another kind is refused by it. */
  readonly name: string;

  /** A subclass calls begin() once it has checked its options. */
  constructor(name: string, optimizer: Scheduled, options: O) {
    this.name = name;
    this.optimizer = optimizer;
    this.options = options;
    this.takeOnGroups();
  }

  /** Rates that groups added since start from. */
  private takeOnGroups(): void {
    const { groups } = this.optimizer;
    for (const group of groups.slice(this.baseLrs.length)) this.baseLrs.push((group.initialLr ??= group.lr));
  }

  /** The rate at step lastEpoch, from the rate before it and the one at the start. */
  protected abstract rate(lr: number, base: number, group: number): number;

  /** Takes step 0 from the rates as they are. */
  begin(): void {
    this.lastEpoch = 0;
    this.update();
  }

  /** Takes step 0 from the base rates, as SequentialLR makes a schedule do when its turn comes. */
  restart(): void {
    for (const [i, group] of this.optimizer.groups.entries()) group.lr = this.baseLrs[i] ?? group.lr;
    this.begin();
  }

  /** Goes one step further; call it after optimizer.step(). */
  step(): void {
    refuseInProgram(
      "a schedule takes a step",
      "call its step() outside: the program reads the learning rate anew",
    );
    this.lastEpoch++;
    this.update();
  }

  protected update(): void {
    this.takeOnGroups();
    const { groups } = this.optimizer;
    const rates = groups.map((group, i) => this.rate(group.lr, this.baseLrs[i] as number, i));
    for (const [i, group] of groups.entries()) group.lr = rates[i] as number;
  }

  /** The learning rates as they are now, a group. */
  getLastLr(): number[] {
    return this.optimizer.groups.map((group) => group.lr);
  }

  /** Names of fields that are part of the state. */
  protected stateNames(): readonly string[] {
    return ["lastEpoch", "baseLrs"];
  }

  /**
   * Options and position as plain data, in PyTorch's names (`last_epoch`, `base_lrs`, `gamma` …); functions are left out. The learning
   * rates themselves are the optimiser's.
   * @example
   * const text = JSON.stringify(schedule.stateDict());
   */
  stateDict(): ScheduleState {
    const fields = this as unknown as Record<string, unknown>;
    const position = this.stateNames().map((name) => [name, fields[name]] as const);
    const list = [...Object.entries(this.options), ...position]
      .filter(([, value]) => typeof value !== "function")
      .map(([name, value]): [string, unknown] => [
        pythonName(name),
        Array.isArray(value) ? [...(value as unknown[])] : value,
      ]);
    return Object.fromEntries(list);
  }

  /**
   * Takes on what `stateDict` gave, of a schedule of the same kind. Load the optimiser's state as well: the rates are in it.
   * @throws {ValueError} an entry is missing or of another kind. Nothing is changed then.
   */
  loadStateDict(state: ScheduleState): void {
    const positions = this.stateNames();
    const fields = this as unknown as Record<string, unknown>;
    const wanted = [
      ...Object.entries(this.options),
      ...positions.map((name) => [name, fields[name]] as const),
    ];
    const read = wanted.flatMap(([name, old]) => {
      if (typeof old === "function") return [];
      const key = pythonName(name);
      const value = state[key];
      const nulls = value === null || old === null;
      if (
        value === undefined ||
        (!nulls && typeof value !== typeof old) ||
        Array.isArray(value) !== Array.isArray(old)
      )
        throw new ValueError(
          `${this.name}.loadStateDict: the state has no fitting ${key}, it has ${kindOf(value)}`,
        );
      return [[name, Array.isArray(value) ? [...(value as unknown[])] : value] as const];
    });
    const options = read.filter(([name]) => !positions.includes(name));
    this.options = { ...this.options, ...Object.fromEntries(options) };
    for (const [name, value] of read) if (positions.includes(name)) fields[name] = value;
  }
}

const kindOf = (value: unknown): string => (value === undefined ? "none" : JSON.stringify(value));
