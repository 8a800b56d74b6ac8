import { ValueError } from "../errors.ts";
import {
  copy_32,
  normal_f32,
  permutation_i32,
  philoxAdvance,
  randint_i32,
  uniform_f32,
} from "../program/kernels.gen.ts";
import { heap } from "../wasm/engine.ts";
import { RANDOM } from "../wasm/layout.ts";
import type { Heap, Ptr } from "../wasm/heap.ts";
import { i32 } from "../wasm/views.ts";
import type { FillOptions } from "./create.ts";
import { checkShape, type Shape } from "./shape.ts";
import { Storage } from "./storage.ts";
import { empty, type Tensor } from "./tensor.ts";
import { refuseInProgram } from "./witness.ts";

/**
 * The random stream: Philox 4×32-10 (J. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011), counted in blocks of four
 * numbers. The state (key, counter) lies in linear memory, where recorded programs find and advance it.
 */
let seeded: Heap | null = null;
/** As in PyTorch, a program that sets no seed gets the same numbers every time. */
const DEFAULT_SEED = 0;

function streamPtr(): Ptr {
  if (seeded === null || seeded.destroyed) restart(DEFAULT_SEED);
  return RANDOM as Ptr;
}

/**
 * Restarts the random stream that rand, randn, dropout and the initialisers draw from.
 * @param seed a whole number from 0 to 2⁵³ − 1.
 */
export function manualSeed(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new ValueError(`manualSeed: the seed must be a whole number from 0 to 2^53 - 1, got ${seed}`);
  }
  refuseInProgram("the random stream is seeded", "seed it outside");
  restart(seed);
}

function restart(seed: number): void {
  seeded = heap(); // boots on first use, so that the view below is of the running memory
  i32.set([seed | 0, Math.floor(seed / 2 ** 32), 0, 0], RANDOM >> 2);
}

/** The stream's state: four 32-bit words, key and counter. */
export function getRandomState(): Int32Array {
  refuseInProgram("the random state is read", "read it outside");
  const at = streamPtr() >>> 2;
  return i32.slice(at, at + 4);
}

/** Continues from a state that getRandomState gave. */
export function setRandomState(words: Int32Array): void {
  refuseInProgram("the random state is set", "set it outside");
  if (words.length !== 4) throw new ValueError(`setRandomState: a state has 4 words, got ${words.length}`);
  i32.set(words, streamPtr() >>> 2);
}

/** A copy of the stream's state in linear memory, for code that draws the same numbers again, in a recorded program too. */
export function copyStream(): Storage {
  const copy = new Storage(16, "i32");
  copy_32(copy.ptr, streamPtr(), [1, 4, 1, 1]);
  return copy;
}

/** Continues from a copy of the state. */
export function continueStream(copy: Storage): void {
  copy_32(streamPtr(), copy.ptr, [1, 4, 1, 1]);
}

/** Lets `use` draw `count` numbers from the stream, then moves it on. */
export function draw(count: number, use: (state: Ptr) => void): void {
  const ptr = streamPtr();
  use(ptr);
  philoxAdvance(ptr, Math.ceil(count / 4));
}

/** Fills a contiguous f32 tensor with uniform numbers of [low, high). */
export function fillUniform(t: Tensor, low: number, high: number): void {
  if (t.size > 0) draw(t.size, (s) => uniform_f32(t.ptr, t.size, low, high, s));
  t.storage.version++;
}

/** Fills a contiguous f32 tensor with normal numbers. */
export function fillNormal(t: Tensor, mean: number, std: number): void {
  if (t.size > 0) draw(t.size, (s) => normal_f32(t.ptr, t.size, mean, std, s));
  t.storage.version++;
}

function filled(
  op: string,
  shape: Shape,
  options: Omit<FillOptions, "dtype">,
  fill: (t: Tensor) => void,
): Tensor {
  checkShape(op, shape);
  const t = empty([...shape], "f32");
  fill(t);
  if (options.requiresGrad) t.requiresGrad = true;
  return t;
}

/** Uniform numbers of [0, 1). */
export const rand = (shape: Shape, options: Omit<FillOptions, "dtype"> = {}): Tensor =>
  filled("rand", shape, options, (t) => {
    fillUniform(t, 0, 1);
  });

/** Numbers of the standard normal distribution. */
export const randn = (shape: Shape, options: Omit<FillOptions, "dtype"> = {}): Tensor =>
  filled("randn", shape, options, (t) => {
    fillNormal(t, 0, 1);
  });

/** A random order of 0 … n − 1, i32 [n]. */
export function randperm(n: number): Tensor {
  checkShape("randperm", [n]);
  const t = empty([n], "i32");
  if (n > 0) draw(n, (s) => permutation_i32(t.ptr, n, s));
  return t;
}

/** Whole numbers of [low, high), i32. */
export function randint(low: number, high: number, shape: Shape): Tensor {
  if (!Number.isInteger(low) || !Number.isInteger(high) || low >= high) {
    throw new ValueError(`randint: needs whole numbers low < high, got ${low} and ${high}`);
  }
  checkShape("randint", shape);
  const t = empty([...shape], "i32");
  if (t.size > 0) draw(t.size, (s) => randint_i32(t.ptr, t.size, low, high, s));
  return t;
}
