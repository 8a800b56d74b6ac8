import { optional } from "./arguments.ts";
import { Module } from "./module.ts";

/** A module without arguments. */
export abstract class Plain extends Module {
  override config(): readonly unknown[] {
    return [];
  }
}

/** A module without parameters whose only argument are options, which it hands to an op. */
export abstract class Optioned<Options extends object> extends Module {
  readonly options: Readonly<Options>;

  constructor(...[options]: Partial<Options> extends Options ? [options?: Options] : [options: Options]) {
    super();
    this.options = { ...options } as Options;
  }

  override config(): readonly unknown[] {
    return optional(this.options);
  }
}
