import { dispatch } from "./dispatch.gen";
import {
  arrive,
  begin,
  fail,
  lineOf,
  meet,
  met,
  metAsleep,
  next,
  outcome,
  post,
  posted,
  stopped,
} from "./sync";

/**
 * A program is a row of commands. A command is one word of head and then its arguments. Bits 0–11 of the head are the kernel, 12–29 the
 * length in words, 30 is "join" and 31 "shared". The threads of a team walk a program together: each does its part of a shared command,
 * and thread 0 alone does the others. None begins a command that joins before all have done what lies before it.
 */
const JOIN: u32 = 1 << 30;
const SHARED: u32 = 1 << 31;

/** What `share` and `resume` return while thread 0 waits for the others: no kernel has such a code. */
const PENDING: i32 = i32.MIN_VALUE;

/** In the place of a kernel: the command is a group, whose words are the number of its commands, that of tiles, and the commands. */
const GROUP: u32 = 0xfff;


@inline
function kernelOf(head: u32): u32 {
  return head & 0xfff;
}

/** In bytes. */
@inline
function lengthOf(head: u32): usize {
  return (head >> 10) & 0xffffc;
}

/** Runs a part of a command. */
@inline
function perform(head: u32, command: usize, part: i32, parts: i32): i32 {
  const kernel = kernelOf(head);
  return kernel == GROUP ? overTiles(command, part, parts) : dispatch(kernel, command, part, parts);
}

/** Runs all commands of a group on one tile after another: to their kernels, tiles are parts. */
function overTiles(group: usize, part: i32, parts: i32): i32 {
  const count = load<i32>(group, 4);
  const tiles = load<i32>(group, 8);
  const end = (tiles * (part + 1)) / parts;
  for (let tile = (tiles * part) / parts; tile < end; tile++) {
    let command = group + 12;
    for (let index = 0; index < count; index++) {
      const head = load<u32>(command);
      const code = dispatch(kernelOf(head), command, tile, tiles);
      if (code != 0) return code;
      command += lengthOf(head);
    }
  }
  return 0;
}

/**
 * Runs `count` commands that lie one behind another at `program` on this thread alone. Stops at the first kernel that returns non-zero:
 * stores [index of the command, code] at `status` and returns the code.
 */
export function run(program: usize, count: i32, status: usize): i32 {
  for (let index = 0; index < count; index++) {
    const head = load<u32>(program);
    const code = perform(head, program, 0, 1);
    if (code != 0) {
      store<i32>(status, index);
      store<i32>(status, code, 4);
      return code;
    }
    program += lengthOf(head);
  }
  return 0;
}

/**
 * Runs a program as thread 0 of a team. All stop at the meeting after a failure; what is reported as `run` does is the failure that comes
 * first in the program, with the lowest code of its parts. PENDING: others kept this thread waiting for long, and `resume` goes on.
 */
export function share(team: usize, program: usize, count: i32, parts: i32, status: usize): i32 {
  post(team, program, count);
  begin(team, lineOf(team, 0));
  return lead(team, parts, status);
}

/** Goes on after PENDING. Sleeps for at most so many milliseconds first; not for hosts that let this thread never sleep. */
export function resume(team: usize, parts: i32, status: usize, sleep: i32): i32 {
  const line = lineOf(team, 0);
  if (!metAsleep(team, line, <i64>sleep * 1000000)) return PENDING;
  return isOver(team, line) ? outcome(team, status) : lead(team, parts, status);
}

/** What threads 1 … do for ever: their parts of each program that is posted. */
export function work(team: usize, part: i32, parts: i32): void {
  const line = lineOf(team, part);
  for (let number = 1; ; number++) {
    next(team, number);
    begin(team, line);
    // Nobody but thread 0 needs to wait for the others at the end.
    while (walk(team, line, part, parts)) {
      meet(team, line);
      if (stopped(team)) break;
    }
  }
}

function lead(team: usize, parts: i32, status: usize): i32 {
  const line = lineOf(team, 0);
  do {
    walk(team, line, 0, parts);
    if (!met(team, line)) return PENDING;
  } while (!isOver(team, line));
  return outcome(team, status);
}

function isOver(team: usize, line: usize): bool {
  return stopped(team) || load<i32>(line) >= posted(team);
}

/** Goes with a thread up to the next meeting and comes to it; whether the program has more for this thread, failures of others aside. */
function walk(team: usize, line: usize, part: i32, parts: i32): bool {
  const count = posted(team);
  let index = load<i32>(line);
  let program = <usize>load<u32>(line, 4);
  let code = 0;
  while (index < count) {
    const head = load<u32>(program);
    const shared = head >= SHARED;
    if (shared || part == 0) {
      code = perform(head, program, shared ? part : 0, shared ? parts : 1);
      if (code != 0) {
        fail(team, index, code);
        break;
      }
    }
    program += lengthOf(head);
    atomic.store<i32>(line, ++index);
    if (index < count && (load<u32>(program) & JOIN) != 0) break;
  }
  store<u32>(line, <u32>program, 4);
  arrive(team, line, parts);
  return code == 0 && index < count;
}
