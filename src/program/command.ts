/** A command's head says which kernel it is for, and how many words it has: assembly/program.ts. */
export const kernelOf = (head: number): number => head & 0xfff;
export const wordsOf = (head: number): number => (head >>> 12) & 0x3ffff;
