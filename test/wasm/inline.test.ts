import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test, vi } from "vitest";
import { KINDS } from "../../scripts/fused-and-plain.mjs";
import { inlineModule, template, withoutCustomSections } from "../../scripts/inline-binary.mjs";
import { wasmSource } from "../../src/platform/inline.ts";

const { file, code } = vi.hoisted(() => ({
  file: (name: string): Uint8Array =>
    new Uint8Array(readFileSync(new URL(`../../dist/${name}`, import.meta.url))),
  code: (): string =>
    inlineModule({
      plain: file("simdgrad.simd.wasm"),
      fused: file("simdgrad.relaxed.wasm"),
      unpack: file(".unpack.wasm"),
    }),
}));

// What the bundler puts there.
vi.mock(
  "#wasm/inline",
  () => import(`data:text/javascript,${encodeURIComponent(code())}`) as Promise<object>,
);

test.each(["simd", "relaxed"] as const)(
  "the text gives simdgrad.%s.wasm, byte for byte but for what only tools read",
  (variant) => {
    const expected = withoutCustomSections(file(`simdgrad.${variant}.wasm`));
    expect(Buffer.from(wasmSource(variant)).equals(expected)).toBe(true);
  },
);

test("is at most 50 KB in gzip", () => {
  expect(gzipSync(code(), { level: 9 }).length).toBeLessThanOrEqual(50_000);
});

const bytesOf = (...parts: readonly (readonly number[])[]): Uint8Array => Uint8Array.from(parts.flat());
const [product, sum] = KINDS as [(typeof KINDS)[number], (typeof KINDS)[number]];

test.each([
  ["of another length", [[0]], [[0, 0]], "other lengths"],
  ["that differ elsewhere", [[7], product.plain], [[8], product.fused], "byte 0: the variants differ"],
  ["with a constant like a mark", [[0xfd, 0xf1, 3], sum.plain], [[0xfd, 0xf1, 3], sum.fused], "like a mark"],
])("refuses variants %s", (_, plain, fused, message) => {
  expect(() => template(bytesOf(...plain), bytesOf(...fused))).toThrow(message);
});
