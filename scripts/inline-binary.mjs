/**
 * The kernels as a module of text, for bundles that can read no file: one binary for both variants, compressed, and the little binary that
 * decompresses it. src/platform/inline.ts has the other half.
 *
 * What is compressed is neither variant: where they differ stands the number of the difference, in an opcode that nobody has.
 */
import { compress } from "lzma1";
import { KINDS } from "./fused-and-plain.mjs";
import { join, Reader } from "./wasm-bytes.mjs";

/** A site of kind 0 has the bytes fd f0 03, one of kind 1 fd f1 03 …: vector instructions 496 and on. */
const MARK = { first: 0xfd, kind: 0xf0, last: 0x03 };
/** Before an LZMA stream: its parameters, the size of its dictionary, its length. */
const HEADER = 13;

/**
 * @param {Uint8Array} bytes
 * @returns {Uint8Array} without what only tools read
 */
export function withoutCustomSections(bytes) {
  const reader = new Reader(bytes);
  const parts = [reader.take(8)];
  while (reader.at < bytes.length) {
    const start = reader.at;
    const section = reader.byte();
    reader.take(reader.number());
    if (section !== 0) parts.push(bytes.subarray(start, reader.at));
  }
  return join(parts);
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @param {readonly number[]} pattern
 */
const has = (bytes, at, pattern) => pattern.every((byte, i) => bytes[at + i] === byte);

/**
 * @param {Uint8Array} plain
 * @param {Uint8Array} fused of the same length
 * @returns {Uint8Array<ArrayBuffer>} both in one
 */
export function template(plain, fused) {
  const both = Uint8Array.from(plain);
  let sites = 0;
  for (let at = 0; at < both.length; at++) {
    if (plain[at] === fused[at]) continue;
    // A product differs from its first byte on, a sum from its second.
    const start = plain[at] === MARK.first ? at : at - 1;
    const kind = KINDS.findIndex((kind) => has(plain, start, kind.plain) && has(fused, start, kind.fused));
    if (kind < 0) throw new Error(`byte ${at}: the variants differ where there is no multiply-add`);
    both.set([MARK.first, MARK.kind + kind, MARK.last], start);
    sites++;
    at = start + 2;
  }
  const marks = both.filter(
    (byte, at) =>
      byte === MARK.first &&
      Number(both[at + 1]) >= MARK.kind &&
      Number(both[at + 1]) < MARK.kind + KINDS.length &&
      both[at + 2] === MARK.last,
  );
  if (plain.length !== fused.length || marks.length !== sites)
    throw new Error("the variants have other lengths, or a constant looks like a mark: choose another");
  return both;
}

/**
 * @param {{ plain: Uint8Array, fused: Uint8Array, unpack: Uint8Array }} binaries
 * @returns {string} a module's code; its types are in src/platform/wasm.d.ts
 */
export function inlineModule({ plain, fused, unpack }) {
  const bytes = template(withoutCustomSections(plain), withoutCustomSections(fused));
  const packed = Buffer.from(compress(bytes, 9).buffer).subarray(HEADER);
  const texts = { packed: packed.toString("base64"), unpack: Buffer.from(unpack).toString("base64") };
  const values = {
    length: bytes.length,
    mark: MARK,
    simd: KINDS.map(({ plain }) => plain),
    relaxed: KINDS.map(({ fused }) => fused),
  };
  return Object.entries({ ...texts, ...values })
    .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`)
    .join("");
}
