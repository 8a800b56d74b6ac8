/**
 * Moves the vector constants of a binary's loops to the start of their functions, into locals. V8 builds a `v128.const` anew wherever it
 * stands, three or four instructions each time, and an exponential has a dozen of them; a local stays in a register or on the stack.
 * Binaryen has no such pass for vectors. Repeated constants also take fewer bytes so.
 *
 *   node scripts/hoist-constants.mjs file.wasm …     rewrites the files
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { Copy, rewriteCode } from "./rewrite-code.mjs";
import { leb, Reader } from "./wasm-bytes.mjs";

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
 * @param {{ from: number, to: number, type: import("./rewrite-code.mjs").Signature }} body
 */
function rewriteBody(bytes, { from, to: end, type }) {
  const reader = new Reader(bytes);
  reader.at = from;
  const groups = reader.number();
  const groupsAt = reader.at;
  let locals = type[0];
  for (let i = 0; i < groups; i++) {
    locals += reader.number();
    reader.byte();
  }
  const code = reader.at;
  const constants = constantsOf(reader, end);
  const hoisted = new Map(constants.filter(({ inLoop }) => inLoop).map(({ key, value }) => [key, value]));
  const keys = [...hoisted.keys()];
  const copy = new Copy(bytes);
  if (keys.length === 0) copy.keep(from, code);
  else copy.put(leb(groups + 1), bytes.subarray(groupsAt, code), leb(keys.length), [V128]);
  for (const [i, value] of [...hoisted.values()].entries()) {
    copy.put([0xfd, 12], value, [0x21], leb(locals + i));
  }
  let at = code;
  for (const { from, to, key } of constants) {
    if (!hoisted.has(key)) continue;
    copy.keep(at, from);
    copy.replace(from, [0x20], leb(locals + keys.indexOf(key)));
    at = to;
  }
  copy.keep(at, end);
  return copy;
}

/** @param {Uint8Array} bytes a binary */
export const hoistConstants = (bytes) => rewriteCode(bytes, (body) => rewriteBody(bytes, body));

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const file of process.argv.slice(2)) writeFileSync(file, hoistConstants(readFileSync(file)).bytes);
}
