import { COMMAND, COMMAND_BYTES, exports, STATUS } from "../wasm/engine.ts";
import { ValueError } from "../errors.ts";

/** Makes room for a command of `words` words; returns the index of its first word in the i32 view. */
export function begin(words: number): number {
  exports(); // boots on first use, so that the views below are of the running memory
  if (words * 4 > COMMAND_BYTES)
    throw new ValueError(`emit: a command of ${words} words exceeds ${COMMAND_BYTES / 4}`);
  return COMMAND >> 2;
}

/** Runs the command that was written at word `at`; returns the kernel's code, 0 when all is well. */
export function end(at: number): number {
  return exports().run(at << 2, 1, 0, 1, STATUS);
}
