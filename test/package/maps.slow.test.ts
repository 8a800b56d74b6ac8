import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { packAndInstall } from "../../scripts/package.mjs";

let installed: string;
let scripts: readonly string[];

beforeAll(async () => {
  const packed = await packAndInstall();
  ({ installed } = packed);
  scripts = packed.files.map(({ path }) => path).filter((path) => path.endsWith(".js"));
});

interface Mapped {
  readonly map: SourceMap;
  readonly sources: readonly string[];
  /** Sources that are neither files of the package nor carried by the map. */
  readonly missing: readonly string[];
}

function mapOf(file: string, url: string): Mapped {
  const path = join(dirname(file), url);
  const payload = JSON.parse(readFileSync(path, "utf8")) as SourceMapPayload;
  expect(payload.version).toBe(3);
  const sources = payload.sources.map((source) => join(dirname(path), payload.sourceRoot || "", source));
  const { sourcesContent } = payload as { sourcesContent?: readonly (string | null)[] };
  const missing = sources.filter((source, i) => !existsSync(source) && !sourcesContent?.[i]);
  return { map: new SourceMap(payload), sources, missing };
}

/** Long strings of a source that it has once: minifiers leave them as they are. */
const literals = (source: string): readonly string[] =>
  [...source.matchAll(/"([a-z][^"\\\n]{24,})"/g)]
    .map(([, text = ""]) => text)
    .filter((text) => source.split(text).length === 2);

const lineOf = (text: string, index: number): { line: number; column: number } => {
  const before = text.slice(0, index).split("\n");
  return { line: before.length - 1, column: before.at(-1)?.length ?? 0 };
};

describe("source maps", () => {
  it("every script names one, and all its sources are in the package", () => {
    expect(scripts.length).toBeGreaterThan(50);
    for (const script of scripts) {
      const file = join(installed, script);
      const [, url] = /\n\/\/# sourceMappingURL=(.*)\s*$/.exec(readFileSync(file, "utf8")) ?? [];
      if (url === undefined) throw new Error(`${script} names no source map`);
      expect(mapOf(file, url).missing, script).toEqual([]);
    }
  });

  it.each(["node", "workerd", "edge-light", "browser", "core"])(
    "positions of %s's runtime lead to the line of the source that says the same",
    (host) => {
      const file = join(installed, `dist/${host}/chunks/runtime.js`);
      const code = readFileSync(file, "utf8");
      const { map, sources } = mapOf(file, "runtime.js.map");
      let found = 0;
      for (const source of sources.filter((path) => path.endsWith(".ts"))) {
        const text = readFileSync(source, "utf8");
        for (const literal of literals(text)) {
          const at = code.indexOf(literal);
          if (at < 0 || code.includes(literal, at + 1)) continue;
          const { line, column } = lineOf(code, at);
          const entry = map.findEntry(line, column);
          if (!("originalSource" in entry)) throw new Error(`nothing at ${line}:${column}`);
          if (!join(dirname(file), entry.originalSource).endsWith(source.slice(installed.length))) continue;
          // A string over several lines of an expression is mapped where the expression begins.
          const near = text.split("\n").slice(entry.originalLine, entry.originalLine + 4);
          if (near.join("\n").includes(literal)) found++;
        }
      }
      expect(found).toBeGreaterThan(50);
    },
  );
});

/** The URL in the custom section `sourceMappingURL`, if there is one. Not every Node can compile every binary, so the sections are read here. */
function mapUrlOf(binary: Uint8Array): string | undefined {
  let at = 8;
  const integer = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = binary[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const text = (): string => {
    const length = integer();
    return new TextDecoder().decode(binary.subarray(at, (at += length)));
  };
  while (at < binary.length) {
    const id = binary[at++];
    const size = integer();
    const end = at + size;
    if (id === 0 && text() === "sourceMappingURL") return text();
    at = end;
  }
  return undefined;
}

describe("source maps of the kernels", () => {
  it.each(["simd", "relaxed"])("simdgrad.%s.wasm names one, and has all its sources", (variant) => {
    const file = join(installed, `dist/simdgrad.${variant}.wasm`);
    const url = mapUrlOf(readFileSync(file));
    if (url === undefined) throw new Error("the binary names no source map");
    const { sources, missing } = mapOf(file, url);
    expect(sources.length).toBeGreaterThan(50);
    expect(missing).toEqual([]);
  });
});
