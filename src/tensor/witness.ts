import { CompileError } from "../errors.ts";
import type { Tensor } from "./tensor.ts";

/**
 * What compile() learns beside the commands while it records a function. The state stands here, where everything that has to tell it
 * something can see it.
 */
export interface Witness {
  /** A handle was made. */
  born(t: Tensor): void;
  /** An op uses a tensor. */
  touched(t: Tensor): void;
  /** The gradient of a leaf is about to be read, added to, or (dropped) taken away. */
  gradient(leaf: Tensor, dropped: boolean): void;
  /** A module or an optimiser runs: what stands in its fields is part of the program. */
  used(holder: object): void;
  /** JavaScript wrote so many bytes into linear memory. */
  wrote(address: number, bytes: number): void;
  /** A backward pass has ended. */
  passed(): void;
}

/** Null unless a function is being recorded: the one check that it costs then. */
export let witness: Witness | null = null;

/** Runs `fn` before a witness, or before none. */
export function before<T>(next: Witness | null, fn: () => T): T {
  const outer = witness;
  witness = next;
  try {
    return fn();
  } finally {
    witness = outer;
  }
}

/**
 * Refuses what a recorded program could not do again.
 * @throws {CompileError} while a function is being recorded.
 */
export function refuseInProgram(what: string, wayOut: string): void {
  if (witness !== null)
    throw new CompileError(
      `compile: ${what} inside of a compiled function, which happens once and not at each call (${wayOut})`,
    );
}
