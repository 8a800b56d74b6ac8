/** Where a stack's line points to: the file without line, column and query. */
function fileOf(line: string): string | null {
  const place = /^(.*?)(?:\?[^:]*)?:\d+:\d+\)?$/.exec(line.trim())?.[1];
  if (place === undefined) return null;
  // V8 writes "at name (file:1:2)" or "at file:1:2", the others "name@file:1:2".
  const v8 = /^at (?:.*? \()?(?:async )?(.*)$/.exec(place);
  return v8?.[1] ?? place.slice(place.indexOf("@") + 1);
}

const SELF = /tensor[\\/]callsite\.[jt]s$/;
/** Stack frames that an op may need below the user's: composites of composites. */
const DEPTH = 60;

/** Where the user's code called: the innermost line of the stack outside of this library, as the host writes it; null where there is none. */
export function callSite(): string | null {
  // Only V8 has the limit; ten lines may all be the library's.
  const V8 = Error as { stackTraceLimit?: number };
  const limit = V8.stackTraceLimit;
  if (limit !== undefined) V8.stackTraceLimit = DEPTH;
  const lines = (new Error().stack ?? "").split("\n").filter((line) => /:\d+:\d+\)?$/.test(line.trim()));
  if (limit !== undefined) V8.stackTraceLimit = limit;
  // The first line is this function: the library is its folder, or in a build its file.
  const self = fileOf(lines[0] ?? "") ?? "";
  const folder = SELF.test(self) ? self.replace(SELF, "") : null;
  const isOurs = (file: string | null): boolean =>
    file === null || (folder === null ? file === self : file.startsWith(folder));
  return lines.find((line) => !isOurs(fileOf(line)))?.trim() ?? null;
}
