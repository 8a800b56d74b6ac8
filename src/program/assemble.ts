import { i32 } from "../wasm/views.ts";
import { GROUP, GROUP_WORDS, JOIN, SHARED } from "./emit.ts";
import { isGroup, type Command, type Step } from "./fuse.ts";
import type { Region } from "./recording.ts";
import { worthSharing } from "./work.ts";

const wordsIn = (step: Step): number =>
  isGroup(step)
    ? step.commands.reduce((sum, { words }) => sum + words.length, GROUP_WORDS)
    : step.words.length;

/** Words that a program of these steps takes. */
export const programWords = (steps: readonly Step[]): number =>
  steps.reduce((sum, step) => sum + wordsIn(step), 0);

/**
 * Writes a program into linear memory, with the addresses of its regions. With several threads it says which commands they share, and has
 * them meet between any two of which one is shared.
 * @returns whether threads share any.
 */
export function assemble(
  address: number,
  steps: readonly Step[],
  addressOf: (region: Region) => number,
  threads: number,
): boolean {
  let at = address >>> 2;
  let before = false;
  let any = false;
  /** Whether it is worth sharing, too. */
  const write = ({ words, references }: Command): boolean => {
    const here = at * 4;
    i32.set(words, at);
    for (const { word, region, offset } of references) i32[at + word] = addressOf(region) + offset;
    at += words.length;
    return threads > 1 && worthSharing(here);
  };
  for (const [index, step] of steps.entries()) {
    const start = at;
    if (isGroup(step)) {
      i32[at] = (wordsIn(step) << 12) | GROUP;
      i32[at + 1] = step.commands.length;
      i32[at + 2] = step.tiles;
      at += GROUP_WORDS;
    }
    const commands = isGroup(step) ? step.commands : [step];
    // The commands of a group run on the same elements: one is worth sharing if all are.
    const share = commands.filter(write).length > 0;
    let head = i32[start] as number;
    if (share) head |= SHARED;
    if (index > 0 && (share || before)) head |= JOIN;
    i32[start] = head;
    any ||= share;
    before = share;
  }
  return any;
}
