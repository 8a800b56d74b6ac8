import { describe, expect, it } from "vitest";
import { FormatError } from "../../src/errors.ts";
import { readIdx } from "../../src/data/idx.ts";
import type { IdxDType } from "../../src/data/idx.ts";

function idx(code: number, shape: number[], body: number[]): Uint8Array {
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint8(2, code);
  header.setUint8(3, shape.length);
  shape.forEach((dim, i) => {
    header.setUint32(4 + 4 * i, dim);
  });
  return Uint8Array.from([...new Uint8Array(header.buffer), ...body]);
}

const six = idx(8, [2, 3], [1, 2, 3, 4, 5, 6]);

describe("readIdx", () => {
  it.each<[IdxDType, number, number[], number[]]>([
    ["u8", 0x08, [7, 255], [7, 255]],
    ["i8", 0x09, [7, 255], [7, -1]],
    ["i16", 0x0b, [1, 2, 255, 254], [258, -2]],
    ["i32", 0x0c, [0, 1, 0, 2, 255, 255, 255, 255], [65538, -1]],
    ["f32", 0x0d, [0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0], [1, -2]],
    ["f64", 0x0e, [0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0], [1, -2]],
  ])("reads %s", (dtype, code, body, values) => {
    const read = readIdx(idx(code, [2], body));
    expect(read.dtype).toBe(dtype);
    expect(read.shape).toEqual([2]);
    expect([...read.data]).toEqual(values);
  });

  it("reads from the middle of a buffer", () => {
    const padded = Uint8Array.from([9, ...idx(0x0c, [1], [0, 0, 1, 0]), 9]);
    expect([...readIdx(padded.subarray(1, -1)).data]).toEqual([256]);
  });

  it("reads empty arrays and numbers without dimensions", () => {
    expect(readIdx(idx(8, [0, 5], []))).toMatchObject({ shape: [0, 5] });
    expect(readIdx(idx(8, [], [3])).data).toEqual(Uint8Array.of(3));
  });

  it("takes what was expected, by type", () => {
    const data: Uint8Array = readIdx(six, { expect: { dtype: "u8", rank: 2 } }).data;
    expect([...data]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each<[string, Uint8Array, string]>([
    ["an empty file", new Uint8Array(0), "truncated header, 4 bytes expected and 0 there, digits, byte 0"],
    [
      "a file cut in its header",
      six.slice(0, 10),
      "truncated header, 12 bytes expected and 10 there, digits, byte 10",
    ],
    [
      "a file cut in its elements",
      six.slice(0, 15),
      "truncated, u8 [2, 3] takes 6 bytes and 3 are there, digits, byte 15",
    ],
    [
      "trailing bytes",
      Uint8Array.from([...six, 0]),
      "trailing bytes, u8 [2, 3] takes 6 bytes and 7 are there, digits, byte 18",
    ],
    [
      "another format",
      Uint8Array.of(0x89, 0x50, 0x4e, 0x47),
      "not an IDX file, starts with 0x89504e47, digits, byte 0",
    ],
    [
      "a second byte that is not zero",
      Uint8Array.of(0, 1, 8, 1),
      "not an IDX file, starts with 0x00010801, digits, byte 1",
    ],
    ["gzip", Uint8Array.of(0x1f, 0x8b, 8, 0), "compressed with gzip, digits, byte 0"],
    ["an unknown type", idx(0x0a, [1], [0]), "unknown type code 0x0a, digits, byte 2"],
    ["a size beyond all memory", idx(8, [2 ** 32 - 1, 2 ** 32 - 1], [0]), "truncated"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readIdx(bytes, { name: "digits" })).toThrow(FormatError);
    expect(() => readIdx(bytes, { name: "digits" })).toThrow(`readIdx: ${message}`);
  });

  it("refuses a mislabelled file", () => {
    expect(() => readIdx(six, { name: "labels", expect: { rank: 1 } })).toThrow(
      "readIdx: has rank 2 where 1 is expected, labels, byte 3",
    );
    expect(() => readIdx(six, { name: "labels", expect: { dtype: "i32" } })).toThrow(
      "readIdx: holds u8 where i32 is expected, labels, byte 2",
    );
  });
});
