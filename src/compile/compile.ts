import { noGrad } from "../autograd/mode.ts";
import { region } from "../autograd/region.ts";
import { watch } from "../autograd/watch.ts";
import { CompileError, SimdgradError } from "../errors.ts";
import { Module } from "../nn/module.ts";
import { checkCount } from "../optim/options.ts";
import type { Recording } from "../program/recording.ts";
import { isInsideFrame } from "../tensor/lifetime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { countCall } from "../tensor/windows.ts";
import { witness } from "../tensor/witness.ts";
import { Capture, rehearse } from "./capture.ts";
import type { Leaf } from "./inputs.ts";
import { addGradient, Program, type ProgramStats } from "./program.ts";

export interface CompileOptions {
  /** Record anew at every n-th call and compare: finds functions that do not do the same at each call. Default 0: never. */
  readonly verify?: number;
  /** How many programs are kept, for arguments and modes that take turns; the one that has not run for longest goes. Default 8. */
  readonly cacheSize?: number;
}

/** How a compiled function is doing. */
export interface CompiledStats extends ProgramStats {
  /** Programs that are kept. The figures beside are of the one that ran last. */
  readonly programs: number;
  /** How often the function was recorded. */
  readonly captures: number;
}

/** Where the function takes a tensor, a number will do. */
type Given<A extends readonly unknown[]> = { [I in keyof A]: A[I] extends Tensor ? Tensor | number : A[I] };

/** A function that runs as a recorded program. */
export interface Compiled<A extends readonly unknown[], R> {
  (...args: Given<A>): R;
  /** What the program that ran last costs; null before the first call. */
  stats(): CompiledStats | null;
  /** Frees all programs; the next call records anew. */
  dispose(): void;
}

type AnyFunction = (...args: never[]) => unknown;

/** From so many recordings in a row on, a warning says why. */
const SUSPICIOUS = 16;

/**
 * Records what a function does and runs it as one program from then on: no JavaScript between its ops, one arena for all that it makes, the
 * same numbers. For a whole training step (forward, loss, backward, clipping, optimiser) or for inference; a module is compiled for
 * inference, without gradients. The first call with arguments of given shapes runs the function for real and records it; later ones copy the
 * arguments in, run the program and copy the results out. Other shapes, dtypes or modes, other settings or parameters in the modules and
 * optimisers that were used, record anew.
 *
 * Arguments may be tensors, numbers (scalar tensors inside, so that they may change from call to call), lists and plain objects of them;
 * anything else counts by identity. Results are tensors, or lists and plain objects of them; they are outside of every graph. Gradients in
 * `grad` are good until the next call.
 *
 * JavaScript inside of the function runs when it is recorded, and not at each call: no logging, counting or pushing to lists. Learning
 * rates are read anew at each call; schedules take their steps outside. Inside of another compiled function, of checkpoint() and in anomaly
 * mode the function simply runs.
 * @param fn a synchronous function, or a module.
 * @throws {CompileError} when recording: data is read inside, a schedule takes a step, a tensor is stored on a module or changed although it
 * is an argument, a result still waits for its gradient; with `verify`, two recordings differ.
 * @example
 * const step = compile((x, y) => {
 *   optimizer.zeroGrad();
 *   const loss = crossEntropy(model.forward(x), y);
 *   loss.backward();
 *   optimizer.step();
 *   return loss;
 * });
 * for await (const [x, y] of loader) console.log(step(x, y).item());
 */
export function compile<A extends Tensor[], R>(
  fn: (...args: A) => R,
  options?: CompileOptions,
): Compiled<A, R>;
export function compile<A extends unknown[], R>(
  fn: (...args: A) => R,
  options?: CompileOptions,
): Compiled<A, R>;
export function compile<M extends Module>(
  model: M,
  options?: CompileOptions,
): Compiled<Parameters<M["forward"]>, ReturnType<M["forward"]>>;
export function compile(
  what: AnyFunction | Module,
  options: CompileOptions = {},
): Compiled<unknown[], unknown> {
  const { verify = 0, cacheSize = 8 } = options;
  checkCount("compile: verify", verify, 0);
  checkCount("compile: cacheSize", cacheSize, 1);
  const cache = new Cache(
    what instanceof Module ? (...args) => noGrad(() => what.forward(...args)) : what,
    verify,
    cacheSize,
  );
  freeLater(cache);
  return cache.handle;
}

let net: FinalizationRegistry<Program[]> | null = null;

/** Frees the programs of a compiled function once JavaScript has collected it. */
function freeLater({ handle, programs }: Cache): void {
  if (typeof FinalizationRegistry === "undefined") return;
  net ??= new FinalizationRegistry((lost) => {
    for (const program of lost.splice(0)) program.dispose();
  });
  net.register(handle, programs);
}

/** The programs of one function, the one that ran last first. */
class Cache {
  readonly programs: Program[] = [];
  readonly handle: Compiled<unknown[], unknown>;
  private readonly fn: AnyFunction;
  private readonly verify: number;
  private readonly size: number;
  private readonly leaves: Leaf[] = [];
  private captures = 0;
  private calls = 0;
  /** Recordings since a program was used again. */
  private misses = 0;
  private readonly recordings = new WeakMap<Program, Recording>();

  constructor(fn: AnyFunction, verify: number, size: number) {
    this.fn = fn;
    this.verify = verify;
    this.size = size;
    this.handle = Object.assign((...args: unknown[]) => this.call(args as never[]), {
      stats: () => this.stats(),
      dispose: () => {
        for (const program of this.programs.splice(0)) program.dispose();
      },
    });
  }

  private stats(): CompiledStats | null {
    const [program] = this.programs;
    if (program === undefined) return null;
    return { ...program.stats, programs: this.programs.length, captures: this.captures };
  }

  private call(args: readonly never[]): unknown {
    if (witness !== null || region !== null || watch !== null) return this.fn(...args);
    const { programs, leaves } = this;
    let reason = "it is the first call";
    for (let i = 0; i < programs.length; i++) {
      const program = programs[i] as Program;
      const refusal = program.refusal(args, leaves);
      if (refusal !== null) {
        if (i === 0) reason = refusal;
        continue;
      }
      if (i > 0) {
        programs.splice(i, 1);
        programs.unshift(program);
      }
      this.misses = 0;
      if (this.verify > 0 && ++this.calls % this.verify === 0) return this.check(program, args);
      return this.replay(program, args);
    }
    return this.record(args, reason);
  }

  private replay(program: Program, args: readonly never[]): unknown {
    if (!isInsideFrame()) countCall();
    const code = program.run(this.leaves);
    if (code !== 0) this.fail(program.failed, code, args);
    const result = program.finish(this.leaves);
    this.leaves.length = 0;
    return result;
  }

  /** Throws the error that the op of a failed command would have thrown. */
  private fail(index: number, code: number, args: readonly never[]): never {
    rehearse(this.fn, args, index, code);
    throw new SimdgradError(
      `compile: command ${index} of the program failed with code ${code}, and the function did not get as far when it ran again`,
    );
  }

  private record(args: readonly never[], reason: string): unknown {
    this.captures++;
    if (++this.misses === SUSPICIOUS) {
      console.warn(
        `simdgrad: compile() recorded a function ${SUSPICIOUS} times in a row, which is slower than not compiling it; the last time something had changed: ${reason}. ` +
          "Pad what differs in shape, or pass as an argument what differs in value",
      );
    }
    const { capture, result } = this.capture(args);
    this.keep(capture, args, result);
    return result;
  }

  private capture(args: readonly never[]): { capture: Capture; result: unknown } {
    const capture = new Capture();
    const result = capture.run(this.fn, args);
    for (const [i, grad] of capture.inputGradients.entries())
      if (grad !== null) addGradient(capture.slots[i]?.leaf as Tensor, grad);
    return { capture, result };
  }

  private keep(capture: Capture, args: readonly never[], result: unknown): void {
    if (capture.recording.spoiled) {
      capture.releaseConstants();
      return;
    }
    let program: Program;
    try {
      program = new Program(capture, args, result);
    } catch (error) {
      capture.releaseConstants();
      throw error;
    }
    if (this.verify > 0) this.recordings.set(program, capture.recording);
    this.programs.unshift(program);
    for (const old of this.programs.splice(this.size)) old.dispose();
  }

  /** Records anew and compares. */
  private check(program: Program, args: readonly never[]): unknown {
    const { capture, result } = this.capture(args);
    capture.releaseConstants();
    const difference = this.recordings.get(program)?.isSameAs(capture.recording) ?? null;
    if (difference !== null) {
      throw new CompileError(
        `compile: the function does not do the same at each call: ${difference}. Give it as an argument what it depends on`,
      );
    }
    return result;
  }
}
