import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { ABI, kernelNames } from "../../src/program/kernels.gen.ts";
import { hasRelaxedSimd } from "../../src/wasm/features.ts";
import { parseBinary } from "./sections.ts";

const VARIANTS = ["simd", "relaxed"] as const;
const read = (variant: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(new URL(`../../dist/simdgrad.${variant}.wasm`, import.meta.url)));
const exported = (variant: string): string[] =>
  parseBinary(read(variant))
    .exports.map(({ name }) => name)
    .sort();

describe.each(VARIANTS)("simdgrad.%s.wasm", (variant) => {
  const bytes = read(variant);
  const binary = parseBinary(bytes);

  test("imports an unshared memory with no maximum and nothing else", () => {
    expect(binary.imports).toEqual([
      {
        module: "env",
        name: "memory",
        kind: "memory",
        memory: { minimum: expect.any(Number) as number, maximum: null, shared: false },
      },
    ]);
    expect(binary.imports[0]?.memory?.minimum).toBeLessThanOrEqual(1);
  });

  // Instances that share a memory would reset each other's data, and each would have globals and tables of its own.
  test.each(["data", "dataCount", "start", "element", "table", "memory", "global", "tag"] as const)(
    "has no %s section",
    (section) => {
      expect(binary.sections).not.toContain(section);
    },
  );

  test("exports functions: the program's, the kernels' and their helpers'", () => {
    expect(binary.exports.filter(({ kind }) => kind !== "function")).toEqual([]);
    const helpers = kernelNames.map((name) => `${name}_workspace`);
    const known = new Set(["abi", "pulse", "resume", "run", "share", "work", ...kernelNames, ...helpers]);
    expect(binary.exports.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
    expect(binary.exports.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["abi", "run", "share", ...kernelNames]),
    );
  });

  test("carries no function names, only where its source map is", () => {
    expect(binary.customSections).toEqual(["sourceMappingURL"]);
  });

  test("is at most 66 KB in gzip", () => {
    expect(gzipSync(bytes, { level: 9 }).length).toBeLessThanOrEqual(66_000);
  });
});

// A host without relaxed SIMD cannot run that variant.
test.each(hasRelaxedSimd() ? VARIANTS : (["simd"] as const))(
  "simdgrad.%s.wasm was made from the signatures that the encoders were made from",
  (variant) => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(read(variant)), { env: { memory } });
    expect((exports.abi as () => number)() >>> 0).toBe(ABI);
  },
);

test("both variants export the same names", () => {
  expect(exported("relaxed")).toEqual(exported("simd"));
});

test("the parser refuses what is no binary", () => {
  expect(() => parseBinary(new Uint8Array(8))).toThrow("not a wasm binary");
  expect(() => parseBinary(read("simd").subarray(0, 40))).toThrow("the binary ends");
});
