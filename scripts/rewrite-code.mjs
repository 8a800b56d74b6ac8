/** Rewrites the functions of a wasm binary one by one, and keeps book of where their instructions went. */
import { join, leb, Reader, SECTION } from "./wasm-bytes.mjs";

/** @typedef {{ from: number, to: number }} Move what began at byte `from` begins at byte `to`, and what follows it likewise, until the next move */
/** @typedef {readonly [parameters: number, results: number]} Signature */
/** @typedef {{ types: readonly Signature[], functions: readonly number[] }} Module `functions` names the type of each, by its index */

/** New bytes, most of them copied. */
export class Copy {
  /** @type {(Uint8Array | readonly number[])[]} */
  parts = [];
  /** @type {Move[]} */
  moves = [];
  length = 0;

  /** @param {Uint8Array} bytes what is copied from */
  constructor(bytes) {
    this.bytes = bytes;
  }

  /** What is new. @param {(Uint8Array | readonly number[])[]} parts */
  put(...parts) {
    for (const part of parts) {
      this.parts.push(part);
      this.length += part.length;
    }
  }

  /** What stands for the instruction at `from`. @param {number} from @param {(Uint8Array | readonly number[])[]} parts */
  replace(from, ...parts) {
    this.moves.push({ from, to: this.length });
    this.put(...parts);
  }

  /** What stays as it is. @param {number} from @param {number} to */
  keep(from, to) {
    if (from < to) this.replace(from, this.bytes.subarray(from, to));
  }

  /** @param {Copy} other */
  append(other) {
    for (const { from, to } of other.moves) this.moves.push({ from, to: this.length + to });
    this.put(...other.parts);
  }
}

/** @param {Reader} reader @returns {Signature} */
function readType(reader) {
  reader.byte();
  const parameters = reader.list(() => reader.byte()).length;
  return [parameters, reader.list(() => reader.byte()).length];
}

/**
 * @param {Uint8Array} bytes a binary
 * @param {(body: { from: number, to: number, type: Signature }, module: Module) => Copy} rewrite gives a function's new body, of what lies
 *   at `from` to `to`: its locals and its code, without the length
 * @returns {{ bytes: Uint8Array<ArrayBuffer>, moves: Move[] }} moves in the order of `from`
 */
export function rewriteCode(bytes, rewrite) {
  const reader = new Reader(bytes);
  const copy = new Copy(bytes);
  /** @type {Signature[]} */
  const types = [];
  /** @type {number[]} */
  const functions = [];
  copy.keep(0, 8);
  reader.at = 8;
  while (reader.at < bytes.length) {
    const start = reader.at;
    const section = reader.byte();
    const size = reader.number();
    const end = reader.at + size;
    if (section === SECTION.type) types.push(...reader.list(() => readType(reader)));
    if (section === SECTION.function) functions.push(...reader.list(() => reader.number()));
    if (section === SECTION.code) {
      const bodies = reader.list((index) => {
        const length = reader.number();
        const from = reader.at;
        reader.at += length;
        const type = /** @type {Signature} */ (types[Number(functions[index])]);
        return rewrite({ from, to: reader.at, type }, { types, functions });
      });
      const code = new Copy(bytes);
      code.put(leb(bodies.length));
      for (const body of bodies) {
        code.put(leb(body.length));
        code.append(body);
      }
      copy.put([section], leb(code.length));
      copy.append(code);
    } else copy.keep(start, end);
    reader.at = end;
  }
  return { bytes: join(copy.parts), moves: copy.moves };
}
