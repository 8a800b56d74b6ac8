import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { fusedAndPlain, KINDS } from "../../scripts/fused-and-plain.mjs";

/** A section, a function body or a list with its length before it. */
const sized = (bytes: readonly number[]): number[] => [bytes.length, ...bytes];
const V128 = 0x7b;
const get = (local: number): number[] => [0x20, local];
const MADD = [0xfd, 0x85, 0x02];
const MADD64 = [0xfd, 0x87, 0x02];
const MUL = [0xfd, 0xe6, 0x01];
const ADD = [0xfd, 0xe4, 0x01];
const MUL64 = [0xfd, 0xf2, 0x01];
const ADD64 = [0xfd, 0xf0, 0x01];
const NOP = [0x01, 0x01, 0x01];
const NEG = [0xfd, 0xe1, 0x01];

/** (func (param v128 v128 v128 i32) (result v128) …), and a second one that gives its first parameter back. */
const moduleOf = (code: readonly number[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, ...sized([1, 0x60, ...sized([V128, V128, V128, 0x7f]), 1, V128])],
    ...[3, ...sized([2, 0, 0])],
    ...[10, ...sized([2, ...sized([0, ...code, 0x0b]), ...sized([0, ...get(0), 0x0b])])],
  ]);

const cases: Record<string, { master: number[]; plain: number[]; fused: number[] }> = {
  "operands that are locals": {
    master: [...get(0), ...get(1), ...get(2), ...MADD],
    plain: [...get(0), ...get(1), ...MUL, ...get(2), ...ADD],
    fused: [...get(0), ...get(1), ...NOP, ...get(2), ...MADD],
  },
  doubles: {
    master: [...get(0), ...get(1), ...get(2), ...MADD64],
    plain: [...get(0), ...get(1), ...MUL64, ...get(2), ...ADD64],
    fused: [...get(0), ...get(1), ...NOP, ...get(2), ...MADD64],
  },
  "a multiply-add as the second and as the third operand": {
    master: [
      ...get(0),
      ...get(0),
      ...get(1),
      ...get(2),
      ...MADD,
      ...get(0),
      ...get(1),
      ...get(2),
      ...MADD,
      ...MADD,
    ],
    plain: [
      ...[...get(0), ...get(0), ...get(1), ...MUL, ...get(2), ...ADD, ...MUL],
      ...[...get(0), ...get(1), ...MUL, ...get(2), ...ADD, ...ADD],
    ],
    fused: [
      ...[...get(0), ...get(0), ...get(1), ...NOP, ...get(2), ...MADD, ...NOP],
      ...[...get(0), ...get(1), ...NOP, ...get(2), ...MADD, ...MADD],
    ],
  },
  "a second operand from a conditional, code without a value behind it": {
    master: [
      ...[...get(0), ...get(3), 0x04, V128, ...get(1), 0x05, ...get(2), ...NEG, 0x0b],
      ...[...get(1), 0x21, 2, ...get(2), ...MADD],
    ],
    plain: [
      ...[...get(0), ...get(3), 0x04, V128, ...get(1), 0x05, ...get(2), ...NEG, 0x0b, ...MUL],
      ...[...get(1), 0x21, 2, ...get(2), ...ADD],
    ],
    fused: [
      ...[...get(0), ...get(3), 0x04, V128, ...get(1), 0x05, ...get(2), ...NEG, 0x0b, ...NOP],
      ...[...get(1), 0x21, 2, ...get(2), ...MADD],
    ],
  },
  "a second operand that a branch would take along, or a call gave": {
    master: [
      ...[0x02, V128, ...get(0), ...get(1), ...get(3), 0x0d, 0, ...get(2), ...MADD, 0x0b, 0x22, 0],
      ...[...get(0), ...get(1), ...get(2), ...get(3), 0x10, 1, ...get(2), ...MADD],
    ],
    plain: [
      ...[0x02, V128, ...get(0), ...get(1), ...get(3), 0x0d, 0, ...MUL, ...get(2), ...ADD, 0x0b, 0x22, 0],
      ...[...get(0), ...get(1), ...get(2), ...get(3), 0x10, 1, ...MUL, ...get(2), ...ADD],
    ],
    fused: [
      ...[0x02, V128, ...get(0), ...get(1), ...get(3), 0x0d, 0, ...NOP, ...get(2), ...MADD, 0x0b, 0x22, 0],
      ...[...get(0), ...get(1), ...get(2), ...get(3), 0x10, 1, ...NOP, ...get(2), ...MADD],
    ],
  },
};

describe("fusedAndPlain", () => {
  test.each(Object.entries(cases))("%s", (_, { master, plain, fused }) => {
    const made = fusedAndPlain(moduleOf(master));
    expect(made.plain).toEqual(moduleOf(plain));
    expect(made.fused).toEqual(moduleOf(fused));
    expect(WebAssembly.validate(made.plain)).toBe(true);
    for (const { from, to } of made.moves.slice(1, -1)) {
      // A move lands behind what was inserted, on the instruction that it names.
      const original = moduleOf(master)[from];
      if (original !== undefined && !isSite(made.fused, to)) expect(made.fused[to]).toBe(original);
    }
  });

  test.each([
    [
      "an instruction without a plain form",
      [...get(0), ...get(1), ...get(2), 0xfd, 0x86, 0x02],
      "no plain form",
    ],
    ["a stack that does not add up", [...get(0), ...get(1), ...MADD], "more than there is on the stack"],
    ["what nothing reaches", [0x00, ...get(2), ...MADD], "nothing reaches"],
    ["an instruction that it does not know", [...get(0), 0xfd, 0x9a, 0x02], "knows nothing"],
  ])("refuses %s", (_, code, message) => {
    expect(() => fusedAndPlain(moduleOf(code))).toThrow(message);
  });
});

const isSite = (bytes: Uint8Array, at: number): boolean =>
  KINDS.some(({ fused }) => fused.every((byte, i) => bytes[at + i] === byte));

test("the shipped variants differ where there is a multiply-add, and nowhere else", () => {
  const read = (variant: string): Buffer =>
    readFileSync(new URL(`../../dist/simdgrad.${variant}.wasm`, import.meta.url));
  const [plain, fused] = [read("simd"), read("relaxed")];
  expect(plain.length).toBe(fused.length);
  const found: number[] = [];
  const restored = Buffer.from(fused);
  for (let at = 0; at < plain.length; at++) {
    if (plain[at] === restored[at]) continue;
    const start = plain[at] === 0xfd ? at : at - 1;
    const kind = KINDS.findIndex(
      ({ plain: p, fused: f }) =>
        p.every((b, i) => plain[start + i] === b) && f.every((b, i) => fused[start + i] === b),
    );
    expect(kind).not.toBe(-1);
    found.push(kind);
    restored.set(KINDS[kind]?.plain ?? [], start);
  }
  expect(restored.equals(plain)).toBe(true);
  const [products, sums, products64, sums64] = KINDS.map((_, kind) => found.filter((k) => k === kind).length);
  expect([products, products64]).toEqual([sums, sums64]);
  expect(products).toBeGreaterThan(1000);
});
