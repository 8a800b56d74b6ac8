/**
 * Moves the vector constants of a binary's loops to the start of their functions, into locals. V8 builds a `v128.const` anew wherever it
 * stands, three or four instructions each time, and an exponential has a dozen of them; a local stays in a register or on the stack.
 * Binaryen has no such pass for vectors. Repeated constants also take fewer bytes so.
 *
 *   node scripts/hoist-constants.mjs file.wasm …     rewrites the files
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const V128 = 0x7b;
const SECTION = { type: 1, function: 3, code: 10 };

/** Reads one binary from front to back: https://webassembly.github.io/spec/core/binary/ */
class Reader {
  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  byte() {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new Error(`the binary ends at byte ${this.at - 1}`);
    return byte;
  }

  /** Unsigned LEB128. */
  number() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }

  /** A LEB128 of which only the length matters. */
  skipNumber() {
    while (this.byte() >= 128);
  }

  /** @param {number} times */
  skipNumbers(times) {
    for (let i = 0; i < times; i++) this.skipNumber();
  }

  /** @param {number} count */
  take(count) {
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  /** Passes over what follows an opcode; blocks give their opcode back. */
  skipImmediates(/** @type {number} */ opcode) {
    if (opcode >= 0x45 && opcode <= 0xc4) return;
    if (opcode >= 0x28 && opcode <= 0x3e) return this.skipNumbers(2);
    switch (opcode) {
      case 0x02: // block, loop, if: their type
      case 0x03:
      case 0x04:
      case 0x0c: // br, br_if, call
      case 0x0d:
      case 0x10:
      case 0x20: // local.get, set, tee; global.get, set
      case 0x21:
      case 0x22:
      case 0x23:
      case 0x24:
      case 0x3f: // memory.size, grow
      case 0x40:
      case 0x41: // i32.const, i64.const
      case 0x42:
        return this.skipNumber();
      case 0x00: // unreachable, nop, else, end, return, drop, select
      case 0x01:
      case 0x05:
      case 0x0b:
      case 0x0f:
      case 0x1a:
      case 0x1b:
        return;
      case 0x0e: // br_table
        return this.skipNumbers(this.number() + 1);
      case 0x43:
        this.at += 4;
        return;
      case 0x44:
        this.at += 8;
        return;
      case 0xfc:
        return this.skipBulk(this.number());
      case 0xfd:
        return this.skipVector(this.number());
      case 0xfe: // atomics, but for the fence loads and stores all of them
        return this.skipNumbers(this.number() === 3 ? 1 : 2);
      default:
        throw new Error(`no rule for the opcode 0x${opcode.toString(16)}`);
    }
  }

  /** @param {number} operation */
  skipBulk(operation) {
    if (operation <= 7) return; // saturating truncations
    if (operation === 10) return this.skipNumbers(2); // memory.copy
    if (operation === 11) return this.skipNumber(); // memory.fill
    throw new Error(`no rule for the opcode 0xfc ${operation}`);
  }

  /** @param {number} operation */
  skipVector(operation) {
    if (operation <= 11 || operation === 92 || operation === 93) return this.skipNumbers(2); // loads and stores
    if (operation === 12 || operation === 13)
      this.at += 16; // const, shuffle
    else if (operation >= 21 && operation <= 34)
      this.at += 1; // a lane
    else if (operation >= 84 && operation <= 91) {
      this.skipNumbers(2);
      this.at += 1;
    }
  }
}

/**
 * @param {number} value
 * @returns {number[]} unsigned LEB128
 */
function leb(value) {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

/** @param {Iterable<Uint8Array | number[]>} parts */
function join(parts) {
  const list = [...parts];
  const bytes = new Uint8Array(list.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of list) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

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
