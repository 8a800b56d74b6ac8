/**
 * How many operands the instructions of a binary take from the stack and how many they leave, for those whose opcode says it:
 * https://webassembly.github.io/spec/core/appendix/index-instructions.html
 */

/** @typedef {readonly [takes: number, leaves: number]} Effect */

const OP = /** @type {const} */ ({ made: [0, 1], one: [1, 1], two: [2, 1], three: [3, 1] });
const OUT = /** @type {const} */ ({ one: [1, 0], two: [2, 0], three: [3, 0], none: [0, 0] });

/**
 * Effects by opcode, from rows of first opcode, last opcode and effect; later rows overwrite.
 * @param {readonly (readonly [from: number, to: number, effect: Effect])[]} rows
 */
function table(rows) {
  /** @type {Map<number, Effect>} */
  const effects = new Map();
  for (const [from, to, effect] of rows) for (let op = from; op <= to; op++) effects.set(op, effect);
  return effects;
}

export const PLAIN = table([
  [0x01, 0x01, OUT.none], // nop
  [0x1a, 0x1a, OUT.one], // drop
  [0x1b, 0x1b, OP.three], // select
  [0x20, 0x20, OP.made], // local.get, set, tee
  [0x21, 0x21, OUT.one],
  [0x22, 0x22, OP.one],
  [0x23, 0x23, OP.made], // global.get, set
  [0x24, 0x24, OUT.one],
  [0x28, 0x35, OP.one], // loads
  [0x36, 0x3e, OUT.two], // stores
  [0x3f, 0x3f, OP.made], // memory.size, grow
  [0x40, 0x40, OP.one],
  [0x41, 0x44, OP.made], // constants
  [0x46, 0xa6, OP.two], // comparisons and arithmetic
  [0x45, 0x45, OP.one], // … of one operand
  [0x50, 0x50, OP.one],
  [0x67, 0x69, OP.one],
  [0x79, 0x7b, OP.one],
  [0x8b, 0x91, OP.one],
  [0x99, 0x9f, OP.one],
  [0xa7, 0xc4, OP.one], // conversions
]);

/** Behind 0xfc. */
export const BULK = table([
  [0, 7, OP.one], // saturating truncations
  [10, 11, OUT.three], // memory.copy, fill
]);

/** Behind 0xfd. */
export const VECTOR = table([
  [0, 10, OP.one], // loads
  [11, 11, OUT.two], // store
  [12, 12, OP.made], // const
  [13, 14, OP.two], // shuffle, swizzle
  [15, 20, OP.one], // splat
  [21, 34, OP.one], // extract_lane …
  .../** @type {const} */ ([23, 26, 28, 30, 32, 34]).map(
    (op) => /** @type {const} */ ([op, op, OP.two]), // … and replace_lane
  ),
  [35, 81, OP.two], // comparisons, bits
  [77, 77, OP.one], // not
  [82, 82, OP.three], // bitselect
  [83, 83, OP.one], // any_true
  [84, 87, OP.two], // load_lane, store_lane, load_zero
  [88, 91, OUT.two],
  [92, 95, OP.one], // …, demote, promote
  [96, 253, OP.two], // arithmetic of two operands …
  .../** @type {const} */ ([
    [96, 100],
    [103, 106],
    [116, 117],
    [122, 122],
    [124, 129],
    [131, 132],
    [135, 138],
    [148, 148],
    [160, 164],
    [167, 170],
    [192, 196],
    [199, 202],
    [224, 227],
    [236, 239],
    [248, 255],
  ]).map(([from, to]) => /** @type {const} */ ([from, to, OP.one])), // … and of one
  [256, 256, OP.two], // relaxed swizzle, truncations, madd and nmadd, laneselect, min and max, products
  [257, 260, OP.one],
  [261, 268, OP.three],
  [269, 274, OP.two],
  [275, 275, OP.three],
]);

/** Behind 0xfe. */
export const ATOMIC = table([
  [0, 0, OP.two], // notify, wait, fence
  [1, 2, OP.three],
  [3, 3, OUT.none],
  [0x10, 0x16, OP.one], // loads
  [0x17, 0x1d, OUT.two], // stores
  [0x1e, 0x47, OP.two], // read, modify, write
  [0x48, 0x4e, OP.three], // compare and exchange
]);
