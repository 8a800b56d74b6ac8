/**
 * Source maps of wasm binaries: one line, whose columns are bytes. Both variants of ours have the same layout, so one map serves both.
 * https://github.com/WebAssembly/tool-conventions/blob/main/Debugging.md#source-maps
 */
import { decode, encode } from "@jridgewell/sourcemap-codec";

/** @typedef {{ version: number, sources: string[], sourcesContent?: (string | null)[], names: string[], mappings: string }} SourceMap */

/**
 * @param {readonly import("./rewrite-code.mjs").Move[]} moves in the order of `from`
 * @returns {(offset: number) => number}
 */
const follow = (moves) => {
  let i = 0;
  return (offset) => {
    if (Number(moves[i]?.from) > offset) i = 0;
    while (Number(moves[i + 1]?.from) <= offset) i++;
    const { from, to } = moves[i] ?? { from: 0, to: 0 };
    return to + offset - from;
  };
};

/**
 * The map of a binary that was rewritten, one step after the other.
 * @param {SourceMap} map the compiler's
 * @param {readonly (readonly import("./rewrite-code.mjs").Move[])[]} steps
 * @param {(source: string) => string | null} pathOf where a source lies, seen from the map; null for what the package has not
 * @returns {SourceMap}
 */
export function movedMap(map, steps, pathOf) {
  const [segments = []] = decode(map.mappings);
  for (const moves of steps) {
    const moved = follow(moves);
    for (const segment of segments) segment[0] = moved(segment[0]);
    segments.sort((a, b) => a[0] - b[0]);
  }
  return {
    version: 3,
    sources: map.sources.map((source) => pathOf(source) ?? source),
    sourcesContent: map.sources.map((source, i) =>
      pathOf(source) === null ? (map.sourcesContent?.[i] ?? null) : null,
    ),
    names: map.names,
    mappings: encode([segments]),
  };
}
