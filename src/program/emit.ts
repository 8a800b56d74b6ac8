import { ValueError } from "../errors.ts";
import { exports, team } from "../wasm/engine.ts";
import { COMMAND, COMMAND_BYTES, STATUS } from "../wasm/layout.ts";
import { i32 } from "../wasm/views.ts";
import { kernelOf, wordsOf } from "./command.ts";
import { worthSharing } from "./work.ts";

/** Bits of a command's head: all threads run it, and all wait for each other before it. See assembly/program.ts. */
export const SHARED = 1 << 31;
export const JOIN = 1 << 30;

/** Takes commands in the place of the running memory: a recording, a profile. */
export interface Interceptor {
  /** Runs, or does not run, the command at a byte address; returns the kernel's code. */
  command(address: number): number;
}

/** Null while commands simply run: the one check that interception costs then. */
export let interceptor: Interceptor | null = null;

/** Runs `fn` with every command going to `next`; gives back what was there before. */
export function intercept<T>(next: Interceptor | null, fn: () => T): T {
  const before = interceptor;
  interceptor = next;
  try {
    return fn();
  } finally {
    interceptor = before;
  }
}

/** Makes room for a command of `words` words; returns the index of its first word in the i32 view. */
export function begin(words: number): number {
  exports(); // boots on first use, so that the views below are of the running memory
  if (words * 4 > COMMAND_BYTES)
    throw new ValueError(`emit: a command of ${words} words exceeds ${COMMAND_BYTES / 4}`);
  return COMMAND >> 2;
}

/** Runs the command that was written at word `at`; returns the kernel's code, 0 when all is well. */
export function end(at: number): number {
  const address = at << 2;
  return interceptor === null ? launch(address) : interceptor.command(address);
}

/** Runs one command, on all threads where that pays. */
export function launch(address: number): number {
  const pool = team();
  if (pool === null || !worthSharing(address)) return exports().run(address, 1, STATUS);
  i32[address >> 2] = (i32[address >> 2] as number) | SHARED;
  return pool.run(address, 1);
}

/**
 * Runs `count` commands that lie one behind another at a byte address: those that are marked as shared on all threads. Non-zero: [index of
 * the command, code] are at STATUS.
 */
export function execute(address: number, count: number): number {
  const pool = team();
  return pool === null ? exports().run(address, count, STATUS) : pool.run(address, count);
}

/** Threads in use: what a command that they share must have workspace for. */
export const parallelism = (): number => team()?.parts ?? 1;

/** In the place of a kernel: a group of commands that run tile by tile. Two words follow, then the commands. */
export const GROUP = 0xfff;
export const GROUP_WORDS = 3;

/** Runs a recorded program on the threads that it is made for, or hands its commands one by one to who intercepts them. */
export function replay(address: number, count: number, shared: boolean): number {
  if (interceptor !== null) return handOver(interceptor, address, count);
  return shared ? execute(address, count) : exports().run(address, count, STATUS);
}

function handOver(to: Interceptor, address: number, count: number): number {
  for (let index = 0; index < count; index++) {
    const head = i32[address >>> 2] as number;
    const code =
      kernelOf(head) === GROUP
        ? handOver(to, address + GROUP_WORDS * 4, i32[(address >>> 2) + 1] as number)
        : to.command(address);
    if (code !== 0) {
      i32[STATUS >> 2] = index;
      return code;
    }
    address += wordsOf(head) * 4;
  }
  return 0;
}

/** Which command of the last program failed. */
export const failedCommand = (): number => i32[STATUS >> 2] as number;
