/**
 * Makes two binaries of one. What the compiler gives us has fused multiply-adds, madd(a, b, c). Its twin has the same bytes but for these:
 * where b is complete, a `mul` consumes a and b, and the madd is an `add`. So that everything lies at the same offsets in both, the fused
 * one has three `nop`s there, which no engine makes code of:
 *
 *   plain   a  b  mul          c  add
 *   fused   a  b  nop nop nop  c  madd
 */
import { Copy, rewriteCode } from "./rewrite-code.mjs";
import { ATOMIC, BULK, PLAIN, VECTOR } from "./stack-effects.mjs";
import { Reader } from "./wasm-bytes.mjs";

/**
 * What stands at each kind of site, three bytes in either binary.
 * @type {readonly { name: string, plain: readonly number[], fused: readonly number[] }[]}
 */
export const KINDS = [
  { name: "f32x4 product", plain: [0xfd, 0xe6, 0x01], fused: [0x01, 0x01, 0x01] },
  { name: "f32x4 sum", plain: [0xfd, 0xe4, 0x01], fused: [0xfd, 0x85, 0x02] },
  { name: "f64x2 product", plain: [0xfd, 0xf2, 0x01], fused: [0x01, 0x01, 0x01] },
  { name: "f64x2 sum", plain: [0xfd, 0xf0, 0x01], fused: [0xfd, 0x87, 0x02] },
];
/** Opcodes behind 0xfd, and their kinds of sites. */
const MADD = new Map([
  [0x105, { product: 0, sum: 1 }],
  [0x107, { product: 2, sum: 3 }],
]);
const RELAXED = [0x100, 0x113];
/** block, loop, if, br_if, call, and those that begin an opcode of two numbers. */
const HAS_VALUE = new Set([0x02, 0x03, 0x04, 0x0d, 0x10, 0xfc, 0xfd, 0xfe]);

/** @typedef {{ at: number, kind: number, wide: boolean }} Site `wide`: its bytes are to be inserted, not replaced */

/**
 * @param {Reader} reader at an instruction's immediate, which it leaves as it was
 * @returns {number}
 */
function peek(reader) {
  const at = reader.at;
  const value = reader.number();
  reader.at = at;
  return value;
}

/**
 * The sites of one function, by following what lies on the stack: of each value we know where the code that made it ends.
 * @param {Reader} reader at the function's first instruction
 * @param {number} end
 * @param {{ types: readonly import("./rewrite-code.mjs").Signature[], functions: readonly number[], results: number }} module
 * @returns {Site[]}
 */
function sitesOf(reader, end, { types, functions, results }) {
  /** @type {Site[]} */
  const sites = [];
  /** @type {(number | null)[]} null: code that nothing reaches takes what it wants */
  let stack = [];
  /** @type {{ height: number, results: number, reached: boolean, loop: boolean }[]} */
  const blocks = [{ height: 0, results, reached: true, loop: false }];
  const block = () => /** @type {(typeof blocks)[number]} */ (blocks[blocks.length - 1]);
  const fail = (/** @type {string} */ what) => new Error(`byte ${reader.at}: ${what}`);
  const pop = () => {
    if (stack.length > block().height) return stack.pop() ?? null;
    if (block().reached) throw fail("an instruction takes more than there is on the stack");
    return null;
  };
  const apply = (/** @type {import("./stack-effects.mjs").Effect | undefined} */ effect) => {
    if (effect === undefined) throw fail("an instruction of which the table knows nothing");
    const taken = Array.from({ length: effect[0] }, pop);
    for (let i = 0; i < effect[1]; i++) stack.push(reader.at);
    return taken.reverse();
  };
  const leave = () => {
    stack.length = block().height;
    block().reached = false;
  };
  const typeOf = (/** @type {number} */ index) =>
    /** @type {import("./rewrite-code.mjs").Signature} */ (types[index]);

  while (reader.at < end) {
    const from = reader.at;
    const opcode = reader.byte();
    const value = HAS_VALUE.has(opcode) ? peek(reader) : 0;
    reader.skipImmediates(opcode);
    switch (opcode) {
      case 0x00: // unreachable, br, br_table, return
      case 0x0c:
      case 0x0e:
      case 0x0f:
        leave();
        break;
      case 0x02: // block, loop, if
      case 0x03:
      case 0x04: {
        if (opcode === 0x04) pop();
        const [takes, leaves] =
          value === 0x40 ? [0, 0] : value >= 0x6f && value <= 0x7f ? [0, 1] : typeOf(value);
        if (takes > 0) throw fail("a block with parameters");
        blocks.push({ height: stack.length, results: leaves, reached: true, loop: opcode === 0x03 });
        break;
      }
      case 0x05: // else
        stack.length = block().height;
        block().reached = true;
        break;
      case 0x0b: {
        const { height, results } = block();
        blocks.pop();
        stack.length = height;
        for (let i = 0; i < results; i++) stack.push(reader.at);
        break;
      }
      case 0x0d: {
        pop(); // br_if: values that it would take along are complete only now
        const target = blocks[blocks.length - 1 - value];
        const along = target?.loop === true ? 0 : Number(target?.results);
        apply([along, along]);
        break;
      }
      case 0x10:
        apply(typeOf(/** @type {number} */ (functions[value])));
        break;
      case 0xfd: {
        const operands = apply(VECTOR.get(value));
        const madd = MADD.get(value);
        if (madd === undefined) {
          if (value >= Number(RELAXED[0]) && value <= Number(RELAXED[1]))
            throw fail("a relaxed instruction that has no plain form here");
          break;
        }
        const complete = operands[1];
        if (typeof complete !== "number") throw fail("a multiply-add that nothing reaches");
        sites.push(
          { at: complete, kind: madd.product, wide: true },
          { at: from, kind: madd.sum, wide: false },
        );
        break;
      }
      case 0xfc:
        apply(BULK.get(value));
        break;
      case 0xfe:
        apply(ATOMIC.get(value));
        break;
      default:
        apply(PLAIN.get(opcode));
    }
  }
  if (blocks.length > 0) throw fail("a function that has no end");
  return sites.sort((a, b) => a.at - b.at);
}

/**
 * @param {Uint8Array} bytes what has multiply-adds, of f32x4 and f64x2, and nothing else that is relaxed
 * @returns {{ plain: Uint8Array<ArrayBuffer>, fused: Uint8Array<ArrayBuffer>, moves: import("./rewrite-code.mjs").Move[] }} `moves` holds
 *   for both
 */
export function fusedAndPlain(bytes) {
  const variant = (/** @type {"plain" | "fused"} */ name) =>
    rewriteCode(bytes, ({ from, to, type }, { types, functions }) => {
      const reader = new Reader(bytes);
      reader.at = from;
      reader.skipLocals();
      const copy = new Copy(bytes);
      let at = from;
      for (const site of sitesOf(reader, to, { types, functions, results: type[1] })) {
        const code = /** @type {(typeof KINDS)[number]} */ (KINDS[site.kind])[name];
        copy.keep(at, site.at);
        if (site.wide) copy.put(code);
        else copy.replace(site.at, code);
        at = site.wide ? site.at : site.at + code.length;
      }
      copy.keep(at, to);
      return copy;
    });
  const { bytes: plain, moves } = variant("plain");
  return { plain, fused: variant("fused").bytes, moves };
}
