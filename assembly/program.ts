import { dispatch } from "./dispatch.gen";

/**
 * Runs `count` commands that lie one behind another at `program`. A command is one word of head, id | words << 12,
 * then its arguments. Stops at the first kernel that returns non-zero: stores [index of the command, code] at
 * `status` and returns the code.
 */
export function run(program: usize, count: i32, part: i32, parts: i32, status: usize): i32 {
  for (let index = 0; index < count; index++) {
    const head = load<u32>(program);
    const code = dispatch(head & 0xfff, program, part, parts);
    if (code != 0) {
      store<i32>(status, index);
      store<i32>(status, code, 4);
      return code;
    }
    program += (<usize>(head >> 12)) << 2;
  }
  return 0;
}
