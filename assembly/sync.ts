/**
 * How the threads of a team meet: words in shared memory from `team` on, each group on a cache line of its own. All of them are 0
 * when a team is made. src/wasm/layout.ts has room for them.
 */

/** How many programs have been posted; threads that have none wait for it to change. */
const POSTS: usize = 0;
/** The program that was posted: its address, then its number of commands. */
const PROGRAM: usize = 64;
/** The first command that failed << 32 | its lowest code, or NONE. */
const FAILURE: usize = 128;
/** How many threads have come to the meeting that is under way. */
const ARRIVED: usize = 192;
/** Changes when all have come: 2 is added, and bit 0 says whether the program stops here because of a failure. */
const MEETINGS: usize = 256;
/** How many threads sleep, or are about to. */
const ASLEEP: usize = 320;
/** A line for each thread: index of its next command, that command's address, the meeting that it came to last. */
const LINES: usize = 384;

const NONE: u64 = u64.MAX_VALUE;

/** How often a thread looks before it sleeps: 50 to 100 µs, some twenty times what a thread needs to wake up another one. */
const LOOKS: i32 = 250000;


@inline
export function lineOf(team: usize, part: i32): usize {
  return team + LINES + ((<usize>part) << 6);
}

/** Number of commands of the program that was posted. */
@inline
export function posted(team: usize): i32 {
  return load<i32>(team + PROGRAM, 4);
}

/** Puts a thread's line at the start of the program that was posted. */
export function begin(team: usize, line: usize): void {
  store<i32>(line, 0);
  store<u32>(line, load<u32>(team + PROGRAM), 4);
}

/** Hands a program to the others. */
export function post(team: usize, program: usize, count: i32): void {
  store<u32>(team + PROGRAM, <u32>program);
  store<i32>(team + PROGRAM, count, 4);
  store<u64>(team + FAILURE, NONE);
  atomic.add<i32>(team + POSTS, 1);
  wake(team, team + POSTS);
}

/** Waits for the program that is the `number`-th to be posted. */
export function next(team: usize, number: i32): void {
  wait(team, team + POSTS, number - 1);
}

/** Notes a failure, if it is the first in the program's order. */
export function fail(team: usize, index: i32, code: i32): void {
  const mine = ((<u64>index) << 32) | (<u64>(<u32>code));
  let known = atomic.load<u64>(team + FAILURE);
  while (mine < known) known = atomic.cmpxchg<u64>(team + FAILURE, known, mine);
}

/** Stores [index, code] of the failure at `status`, if there is one; returns the code. */
export function outcome(team: usize, status: usize): i32 {
  const failure = atomic.load<u64>(team + FAILURE);
  if (failure == NONE) return 0;
  store<i32>(status, <i32>(failure >> 32));
  store<i32>(status, <i32>failure, 4);
  return <i32>failure;
}

/**
 * Comes to the meeting that is under way, and notes in the thread's line which one that is. The last one to come opens it, and decides
 * for all whether the program goes on: one that looked for itself could see a failure of what comes after the meeting.
 */
export function arrive(team: usize, line: usize, parts: i32): void {
  const meeting = atomic.load<i32>(team + MEETINGS);
  store<i32>(line, meeting, 8);
  if (atomic.add<i32>(team + ARRIVED, 1) < parts - 1) return;
  atomic.store<i32>(team + ARRIVED, 0);
  const stops = atomic.load<u64>(team + FAILURE) != NONE;
  atomic.store<i32>(team + MEETINGS, (meeting & ~1) + 2 + <i32>stops);
  wake(team, team + MEETINGS);
}

/** Whether the meeting that the thread came to is over, looked at for a while. */
export function met(team: usize, line: usize): bool {
  return changed(team + MEETINGS, load<i32>(line, 8));
}

/** `met` after a sleep of at most so many nanoseconds. */
export function metAsleep(team: usize, line: usize, sleep: i64): bool {
  if (sleep > 0) doze(team, team + MEETINGS, load<i32>(line, 8), sleep);
  return met(team, line);
}

/** Waits until the meeting that the thread came to is over. */
export function meet(team: usize, line: usize): void {
  wait(team, team + MEETINGS, load<i32>(line, 8));
}

/** Whether the program stopped at the last meeting. */
export function stopped(team: usize): bool {
  return (atomic.load<i32>(team + MEETINGS) & 1) != 0;
}

/** A number that changes as long as threads 1 … go on. */
export function pulse(team: usize, parts: i32): i32 {
  let sum = 0;
  for (let part = 1; part < parts; part++) sum += atomic.load<i32>(lineOf(team, part));
  return sum;
}

function changed(word: usize, from: i32): bool {
  for (let looks = LOOKS; looks > 0; looks--) {
    if (atomic.load<i32>(word) != from) return true;
  }
  return false;
}

/** Awake at first, as most waits are short. */
function wait(team: usize, word: usize, from: i32): void {
  if (changed(word, from)) return;
  while (atomic.load<i32>(word) == from) doze(team, word, from, -1);
}

/** Whoever changes the word looks for sleepers after that, and sleepers count themselves before they look at the word: none is missed. */
function doze(team: usize, word: usize, from: i32, nanoseconds: i64): void {
  atomic.add<i32>(team + ASLEEP, 1);
  atomic.wait<i32>(word, from, nanoseconds);
  atomic.sub<i32>(team + ASLEEP, 1);
}

function wake(team: usize, word: usize): void {
  if (atomic.load<i32>(team + ASLEEP) > 0) atomic.notify(word, -1);
}
