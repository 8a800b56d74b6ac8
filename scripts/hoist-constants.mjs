/**
 * Moves the vector constants of a binary's loops to the start of their functions, into locals. V8 builds a `v128.const` anew wherever it
 * stands, three or four instructions each time, and an exponential has a dozen of them; a local stays in a register or on the stack.
 * Binaryen has no such pass for vectors. Repeated constants also take fewer bytes so.
 *
 *   node scripts/hoist-constants.mjs file.wasm …     rewrites the files
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { join, leb, Reader, SECTION } from "./wasm-bytes.mjs";

const V128 = 0x7b;

/**
 * The vector constants of a body: where each stands, and whether in a loop.
 * @param {Reader} reader at the body's first instruction
 * @param {number} end
 */
function constantsOf(reader, end) {
  const found = [];
  /** @type {boolean[]} */
  const blocks = [];
  while (reader.at < end) {
    const from = reader.at;
    const opcode = reader.byte();
    reader.skipImmediates(opcode);
    if (opcode === 0x02 || opcode === 0x04) blocks.push(false);
    else if (opcode === 0x03) blocks.push(true);
    else if (opcode === 0x0b) blocks.pop();
    else if (opcode === 0xfd && reader.bytes[from + 1] === 12) {
      const value = reader.bytes.subarray(from + 2, from + 18);
      found.push({ from, to: reader.at, value, key: value.join(), inLoop: blocks.includes(true) });
    }
  }
  return found;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} from the body without its length
 * @param {number} end
 * @param {number} parameters
 * @returns {Uint8Array} the body with its length
 */
function rewriteBody(bytes, from, end, parameters) {
  const reader = new Reader(bytes);
  reader.at = from;
  const groups = reader.number();
  const groupsAt = reader.at;
  let locals = parameters;
  for (let i = 0; i < groups; i++) {
    locals += reader.number();
    reader.byte();
  }
  const code = reader.at;
  const constants = constantsOf(reader, end);
  const hoisted = new Map(constants.filter(({ inLoop }) => inLoop).map(({ key, value }) => [key, value]));
  const keys = [...hoisted.keys()];
  /** @type {(Uint8Array | number[])[]} */
  const parts =
    keys.length === 0
      ? [bytes.subarray(from, code)]
      : [leb(groups + 1), bytes.subarray(groupsAt, code), leb(keys.length), [V128]];
  for (const [i, value] of [...hoisted.values()].entries()) {
    parts.push([0xfd, 12], value, [0x21], leb(locals + i));
  }
  let at = code;
  for (const { from, to, key } of constants) {
    if (!hoisted.has(key)) continue;
    parts.push(bytes.subarray(at, from), [0x20], leb(locals + keys.indexOf(key)));
    at = to;
  }
  parts.push(bytes.subarray(at, end));
  const body = join(parts);
  return join([leb(body.length), body]);
}

/**
 * @param {Uint8Array} bytes a binary
 * @returns {Uint8Array}
 */
export function hoistConstants(bytes) {
  const reader = new Reader(bytes);
  const parts = [reader.take(8)];
  /** @type {number[]} parameters, by type and by function */
  const ofType = [];
  /** @type {number[]} */
  const ofFunction = [];
  while (reader.at < bytes.length) {
    const start = reader.at;
    const section = reader.byte();
    const size = reader.number();
    const end = reader.at + size;
    if (section === SECTION.type) {
      for (let n = reader.number(); n > 0; n--) {
        reader.byte();
        const parameters = reader.number();
        ofType.push(parameters);
        reader.take(parameters);
        reader.take(reader.number());
      }
    } else if (section === SECTION.function) {
      for (let n = reader.number(); n > 0; n--) ofFunction.push(Number(ofType[reader.number()]));
    } else if (section === SECTION.code) {
      const count = reader.number();
      const bodies = [leb(count)];
      for (let i = 0; i < count; i++) {
        const length = reader.number();
        bodies.push([...rewriteBody(bytes, reader.at, reader.at + length, Number(ofFunction[i]))]);
        reader.at += length;
      }
      const code = join(bodies);
      parts.push(join([[section], leb(code.length), code]));
      continue;
    }
    reader.at = end;
    parts.push(bytes.subarray(start, end));
  }
  return join(parts);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const file of process.argv.slice(2)) writeFileSync(file, hoistConstants(readFileSync(file)));
}
