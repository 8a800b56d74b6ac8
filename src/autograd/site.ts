/** Stack frames that an op may need below the user's: composites of composites. */
const DEPTH = 60;

/** Where the user's code called: the innermost line of the stack outside of this library; "" where the host has no stacks. */
export function userSite(): string {
  const v8 = Error as { stackTraceLimit?: number };
  const limit = v8.stackTraceLimit;
  if (limit !== undefined) v8.stackTraceLimit = DEPTH;
  const lines = (new Error().stack ?? "").split("\n").filter((line) => /:\d+:\d+\)?$/.test(line.trim()));
  if (limit !== undefined) v8.stackTraceLimit = limit;
  const own = fileOf(lines[0] ?? "");
  // From source this file is one of a folder; bundled, the library is one file.
  const library = own.endsWith("/autograd/site.ts") ? own.slice(0, -"autograd/site.ts".length) : own;
  const line = lines.find((l) => library !== "" && !fileOf(l).startsWith(library));
  return line === undefined ? "" : line.trim().replace(/^at /, "");
}

/** The file of a stack line: "at f (file:///a/b.ts:1:2)" or "f@http://host/b.js:1:2". */
function fileOf(line: string): string {
  const match = /(?:[(@]|at |^\s*)((?:[a-z-]+:\/\/)?[^\s()@]+):\d+:\d+\)?$/.exec(line.trim());
  return (match?.[1] ?? "").replaceAll("\\", "/");
}
