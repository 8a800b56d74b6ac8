import { decode } from "@jridgewell/sourcemap-codec";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Reader, SECTION } from "../../scripts/wasm-bytes.mjs";

const dist = new URL("../../dist/", import.meta.url);
const map = JSON.parse(readFileSync(new URL("simdgrad.wasm.map", dist), "utf8")) as {
  sources: string[];
  sourcesContent: (string | null)[];
  mappings: string;
};
const segments = decode(map.mappings)[0] ?? [];
const texts = map.sources.map((source, i) =>
  (map.sourcesContent[i] ?? readFileSync(new URL(source, dist), "utf8")).split("\n"),
);

/** The line of source of what begins at a byte of the binary. */
const lineOf = new Map(
  segments.flatMap((segment) => {
    if (segment.length === 1) return [];
    const [offset, source, line] = segment;
    return [[offset, texts[source]?.[line] ?? ""] as const];
  }),
);

interface Instruction {
  readonly at: number;
  readonly bytes: string;
}

/** The functions of a binary: what they are called if they are exported, and their instructions. */
function functionsOf(bytes: Uint8Array): { name: string | undefined; instructions: Instruction[] }[] {
  const reader = new Reader(bytes);
  reader.at = 8;
  const names = new Map<number, string>();
  const functions: ReturnType<typeof functionsOf> = [];
  while (reader.at < bytes.length) {
    const section = reader.byte();
    const end = reader.number() + reader.at;
    if (section === SECTION.export)
      reader.list(() => {
        const name = Buffer.from(reader.take(reader.number())).toString();
        reader.byte();
        names.set(reader.number(), name);
      });
    if (section === SECTION.code)
      reader.list((index) => {
        const to = reader.number() + reader.at;
        reader.skipLocals();
        const instructions: Instruction[] = [];
        while (reader.at < to) {
          const at = reader.at;
          reader.skipImmediates(reader.byte());
          instructions.push({ at, bytes: Buffer.from(bytes.subarray(at, reader.at)).toString("hex") });
        }
        functions.push({ name: names.get(index), instructions });
      });
    reader.at = end;
  }
  return functions;
}

describe.each(["simd", "relaxed"])("the source map of simdgrad.%s.wasm", (variant) => {
  const bytes = readFileSync(new URL(`simdgrad.${variant}.wasm`, dist));
  const functions = functionsOf(bytes);

  test("is named by the binary", () => {
    const name = "simdgrad.wasm.map";
    expect(bytes.subarray(-name.length).toString()).toBe(name);
  });

  test("begins each line of it at an instruction", () => {
    const starts = new Set(functions.flatMap(({ instructions }) => instructions.map(({ at }) => at)));
    expect([...lineOf.keys()].filter((offset) => !starts.has(offset))).toEqual([]);
    expect(lineOf.size).toBeGreaterThan(10_000);
  });

  // Instructions that come from a line which names them, where a step that lost count would show.
  test.each([
    ["multiply-adds", variant === "simd" ? "fde401" : "fd8502", "f32x4.relaxed_madd(", 0.9],
    ["square roots", "fde301", "f32x4.sqrt(", 1],
    ["divisions", "fde701", "f32x4.div(", 1],
    ["loads of a byte", "2d0000", "load<u8>(", 0.5],
  ])("finds the lines of %s", (_, code, text, share) => {
    const found = functions
      .flatMap(({ instructions }) => instructions)
      .filter(({ at, bytes }) => bytes === code && lineOf.has(at));
    const right = found.filter(({ at }) => lineOf.get(at)?.includes(text));
    expect(found.length).toBeGreaterThan(5);
    expect(right.length / found.length).toBeGreaterThanOrEqual(share);
  });

  test.each(["maxPool2d", "topk_f32", "sort_f32", "adam_f32", "gemm_f32", "crossEntropyGrad_f32"])(
    "finds %s",
    (kernel) => {
      const instructions = functions.find(({ name }) => name === kernel)?.instructions ?? [];
      const files = new Set(
        segments.flatMap((segment) => {
          const inside = segment[0] >= (instructions[0]?.at ?? 0) && segment[0] <= (instructions.at(-1)?.at ?? -1);
          return inside && segment.length > 1 ? [segment[1]] : [];
        }),
      );
      const own = [...files].some((file) =>
        texts[file as number]?.some((line) => line.startsWith(`export function ${kernel}(`)),
      );
      expect(own).toBe(true);
    },
  );
});

test("names files that the package has, and carries only what it has not", () => {
  for (const [i, source] of map.sources.entries())
    expect(existsSync(new URL(source, dist)), source).toBe(map.sourcesContent[i] === null);
});
