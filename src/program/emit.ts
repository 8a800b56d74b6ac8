import { COMMAND, COMMAND_BYTES, exports, STATUS } from "../wasm/engine.ts";
import { ValueError } from "../errors.ts";
import { i32 } from "../wasm/views.ts";

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
  return interceptor === null ? execute(address, 1) : interceptor.command(address);
}

/** Runs `count` commands that lie one behind another at a byte address. Non-zero: [index of the command, code] are at STATUS. */
export function execute(address: number, count: number): number {
  return exports().run(address, count, 0, 1, STATUS);
}

/** Runs a recorded program, as `execute` does, or hands its commands one by one to who intercepts them. */
export function replay(address: number, count: number): number {
  if (interceptor === null) return execute(address, count);
  for (let index = 0; index < count; index++) {
    const code = interceptor.command(address);
    if (code !== 0) {
      i32[STATUS >> 2] = index;
      return code;
    }
    address += (((i32[address >>> 2] as number) >>> 12) & 0x3ffff) * 4;
  }
  return 0;
}

/** Which command of the last program failed. */
export const failedCommand = (): number => i32[STATUS >> 2] as number;
