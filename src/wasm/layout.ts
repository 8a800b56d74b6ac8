/**
 * The first page: nothing at 0 (a null pointer stays invalid), the status words, the random state, the eager command, and the words by
 * which threads meet (assembly/sync.ts), a line of 64 bytes for each of them among these. Then the heap.
 */
export const STATUS = 64;
export const RANDOM = 80;
export const COMMAND = 128;
export const COMMAND_BYTES = 32768;
export const TEAM = COMMAND + COMMAND_BYTES;
/** The most threads that there is room for. */
export const MOST_PARTS = 64;
export const TEAM_BYTES = 384 + 64 * MOST_PARTS;
export const HEAP_BASE = 65536;
