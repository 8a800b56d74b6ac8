/** Reading and writing wasm binaries byte by byte: https://webassembly.github.io/spec/core/binary/ */

export const SECTION = { custom: 0, type: 1, import: 2, function: 3, export: 7, code: 10 };

/** Reads one binary from front to back. */
export class Reader {
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

  /**
   * @template T
   * @param {(index: number) => T} read
   */
  list(read) {
    return Array.from({ length: this.number() }, (_, index) => read(index));
  }

  /** Passes over a function's locals. */
  skipLocals() {
    for (let groups = this.number(); groups > 0; groups--) {
      this.skipNumber();
      this.byte();
    }
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
export function leb(value) {
  const bytes = [];
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return [...bytes, value];
}

/** @param {Iterable<Uint8Array | readonly number[]>} parts */
export function join(parts) {
  const list = [...parts];
  const bytes = new Uint8Array(list.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of list) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
