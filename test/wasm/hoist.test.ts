import { expect, test } from "vitest";
import { hoistConstants } from "../../scripts/hoist-constants.mjs";

/** A section, a function body or a list with its length before it. */
const sized = (bytes: readonly number[]): number[] => [bytes.length, ...bytes];
const CONST = (value: number): number[] => [0xfd, 12, ...Array<number>(15).fill(0), value];

/**
 * (func (export "f") (param i32) (result i32) — adds up lane 0 of two constants as often as the parameter says; one more stands outside.
 */
const loop = [
  ...[0x03, 0x40], // loop
  ...[0x20, 1, ...CONST(1), 0xfd, 27, 0], // local 1 + (first lane of the constant, as i32)
  ...[0x6a, ...CONST(2), 0xfd, 27, 0, 0x6a, 0x21, 1],
  ...[0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0], // count down
  0x0b,
];
const body = [1, 1, 0x7f, ...loop, 0x20, 1, ...CONST(3), 0xfd, 27, 0, 0x6a, 0x0b];
const binary = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, ...sized([1, 0x60, 1, 0x7f, 1, 0x7f])],
  ...[3, ...sized([1, 0])],
  ...[7, ...sized([1, ...sized([0x66]), 0, 0])],
  ...[10, ...sized([1, ...sized(body)])],
]);

const call = (bytes: Uint8Array<ArrayBuffer>, times: number): number => {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  return (exports["f"] as (times: number) => number)(times);
};

/** Where `v128.const` stands. */
const constants = (bytes: Uint8Array): number[] =>
  [...bytes.keys()].filter((i) => bytes[i] === 0xfd && bytes[i + 1] === 12);

test("constants of a loop move before it, the others stay, and the function gives what it gave", () => {
  expect(WebAssembly.validate(binary)).toBe(true);
  const { bytes: hoisted, moves } = hoistConstants(binary);
  for (const times of [1, 2, 5]) expect(call(hoisted, times)).toBe(call(binary, times));
  const loopAt = hoisted.findIndex((b, i) => b === 0x03 && hoisted[i + 1] === 0x40);
  const places = constants(hoisted);
  expect(places.filter((at) => at < loopAt)).toHaveLength(2);
  expect(places.filter((at) => at > loopAt)).toHaveLength(1);
  expect(hoistConstants(hoisted).bytes).toEqual(hoisted);
  // Each move names an instruction, which is the same on the other side but for constants that became locals.
  const code = binary.indexOf(0x03, binary.indexOf(10, 30)) - 1;
  for (const { from, to } of moves.filter((move) => move.from > code)) {
    const moved = binary[from] === 0xfd && hoisted[to] === 0x20;
    expect(moved || binary[from] === hoisted[to]).toBe(true);
  }
});
