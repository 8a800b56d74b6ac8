import { describe, expect, it } from "vitest";
import { FormatError, ValueError } from "../../src/errors.ts";
import { decode, elements, encode } from "../../src/io/codec.ts";
import type { ArrayToWrite } from "../../src/io/codec.ts";
import type { DType, TypedArray } from "../../src/tensor/dtype.ts";

function array(name: string, dtype: DType, shape: number[], data: TypedArray): ArrayToWrite {
  return {
    name,
    dtype,
    shape,
    write(target) {
      target.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    },
  };
}

/** A file with this header, as text or as what to make JSON of, and this many bytes of data. */
function file(header: unknown, data: number | number[] = 0): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const body = typeof data === "number" ? new Array<number>(data).fill(0) : data;
  const length = new DataView(new ArrayBuffer(8));
  length.setUint32(0, json.length, true);
  return Uint8Array.from([...new Uint8Array(length.buffer), ...json, ...body]);
}

function headerOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(8, 8 + new DataView(bytes.buffer).getUint32(0, true)));
}

function messageOf(bytes: Uint8Array): string {
  try {
    decode(bytes, "model.safetensors");
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as Error).message;
  }
  return "no error";
}

const f32 = (shape: number[], begin: number, end: number): unknown => ({
  dtype: "F32",
  shape,
  data_offsets: [begin, end],
});

describe("encode", () => {
  const bytes = encode(
    [
      array("flag", "bool", [3], Uint8Array.of(1, 0, 1)),
      array("weight", "f32", [2, 2], Float32Array.of(1, -0, NaN, Infinity)),
      array("byte", "u8", [1], Uint8Array.of(255)),
      array("index", "i32", [], Int32Array.of(-7)),
      array("empty", "f32", [0, 5], new Float32Array(0)),
    ],
    { format: "pt" },
  );

  it("writes a padded header with keys in the given order", () => {
    const header = headerOf(bytes);
    expect(header.length % 8).toBe(0);
    expect(header.startsWith("{")).toBe(true);
    expect(Object.keys(JSON.parse(header) as object)).toEqual([
      "__metadata__",
      "flag",
      "weight",
      "byte",
      "index",
      "empty",
    ]);
    expect(header).toContain('"__metadata__":{"format":"pt"}');
    expect(header).toContain('"weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}');
    expect(header.trimEnd()).toBe(JSON.stringify(JSON.parse(header)));
  });

  it("leaves no hole and keeps every array aligned", () => {
    const offsets = Object.entries(
      JSON.parse(headerOf(bytes)) as Record<string, { data_offsets: [number, number] }>,
    )
      .filter(([key]) => key !== "__metadata__")
      .map(([, entry]) => entry.data_offsets)
      .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    let end = 0;
    for (const [begin, stop] of offsets) {
      expect(begin).toBe(end);
      end = stop;
    }
    expect(8 + headerOf(bytes).length + end).toBe(bytes.length);
  });

  it("is read back as it was", () => {
    const { arrays, metadata } = decode(bytes, "x");
    expect({ ...metadata }).toEqual({ format: "pt" });
    expect(arrays.map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ["flag", "bool", [3]],
      ["weight", "f32", [2, 2]],
      ["byte", "u8", [1]],
      ["index", "i32", []],
      ["empty", "f32", [0, 5]],
    ]);
    expect(arrays.map((read) => [...elements(read)])).toEqual([
      [1, 0, 1],
      [1, -0, NaN, Infinity],
      [255],
      [-7],
      [],
    ]);
  });

  it("writes a file without tensors", () => {
    expect(headerOf(encode([]))).toBe("{}      ");
    expect(decode(encode([]), "x").arrays).toEqual([]);
  });

  it.each(["__proto__", "constructor", "", 'a "quoted" \\ key', "schlüssel 🔑", "\u0000\n"])(
    "takes the key %j",
    (key) => {
      const { arrays, metadata } = decode(
        encode([array(key, "u8", [1], Uint8Array.of(9))], Object.fromEntries([[key, key]])),
        "x",
      );
      expect(arrays[0]?.name).toBe(key);
      expect(Object.entries(metadata)).toEqual([[key, key]]);
      expect(Object.getPrototypeOf(metadata)).toBe(null);
    },
  );

  it("refuses what the format has no place for", () => {
    const one = (name: string): ArrayToWrite => array(name, "u8", [1], Uint8Array.of(1));
    expect(() => encode([one("__metadata__")])).toThrow(ValueError);
    expect(() => encode([one("a"), one("a")])).toThrow('saveSafetensors: key "a" occurs twice');
    expect(() => encode([one("\ud800")])).toThrow(ValueError);
    expect(() => encode([], { epoch: 3 } as unknown as Record<string, string>)).toThrow(
      'saveSafetensors: metadata "epoch" must be a well-formed string, got number',
    );
  });
});

describe("decode", () => {
  it("reads arrays that do not lie aligned, from the middle of a buffer", () => {
    const bytes = file(
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}',
      [7, 0, 0, 0x80, 0x3f],
    );
    for (const lead of [0, 1, 2, 3]) {
      const shifted = new Uint8Array(bytes.length + lead);
      shifted.set(bytes, lead);
      const { arrays } = decode(shifted.subarray(lead), "x");
      expect(arrays.map((read) => [...elements(read)])).toEqual([[7], [1]]);
    }
  });

  it("takes any order of fields, white space, and padding", () => {
    const bytes = file(" {}".trim() + "   ");
    expect(decode(bytes, "x").arrays).toEqual([]);
    const spaced = file('{ "a" :\n{"data_offsets": [ 0 , 4 ],\t"shape": [ ], "dtype" : "F32" } }  ', 4);
    expect(decode(spaced, "x").arrays[0]?.shape).toEqual([]);
  });

  it("takes offsets in another order than the keys, and empty tensors between them", () => {
    const header = { b: f32([1], 4, 8), e: f32([0], 4, 4), a: f32([1], 0, 4), z: f32([0], 8, 8) };
    expect(decode(file(header, 8), "x").arrays.map((read) => read.name)).toEqual(["b", "e", "a", "z"]);
  });

  const good = file({ a: f32([1], 0, 4) }, 4);
  const start = good.length - 4;
  it.each<[string, Uint8Array, string]>([
    [
      "an empty file",
      new Uint8Array(0),
      "truncated, the header length takes 8 bytes and 0 are there, model.safetensors, byte 0",
    ],
    [
      "a cut length",
      good.slice(0, 5),
      "truncated, the header length takes 8 bytes and 5 are there, model.safetensors, byte 5",
    ],
    ["a cut header", good.slice(0, 20), "truncated, the header takes"],
    [
      "cut data",
      good.slice(0, -1),
      `truncated, data_offsets [0, 4] go beyond the 3 bytes of data, model.safetensors, key "a", byte ${start + 3}`,
    ],
    [
      "a header beyond 100 MB",
      Uint8Array.of(0, 0, 0, 6, 0, 0, 0, 0, 0x7b),
      "header too large, 100663296 bytes",
    ],
    ["a header length near 2⁶⁴", new Uint8Array(16).fill(255), "header too large"],
    ["no header", file(""), 'header does not start with "{"'],
    [
      "a header that starts with a space",
      file(" {}"),
      'header does not start with "{", model.safetensors, byte 8',
    ],
    ["a list", file("[]"), 'header does not start with "{"'],
    [
      "text behind the header",
      file("{}x"),
      "header goes on after its closing brace, model.safetensors, byte 10",
    ],
    [
      "a header that does not end",
      file('{"a":'),
      'header is not JSON of the expected form, "{" expected and its end found, model.safetensors, key "a", byte 13',
    ],
    ["a key that does not end", file('{"a'), "a string does not end, model.safetensors, byte 9"],
    ["an escape at the end", file('{"a\\'), "a string does not end"],
    ["an unknown escape", file('{"\\q":1}'), "unknown escape"],
    ["half a surrogate pair", file('{"\\ud800":{}}'), "half a surrogate pair"],
    ["a control character in a key", file('{"a\nb":1}'), "control character"],
    [
      "a header that is not UTF-8",
      Uint8Array.of(5, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0xff, 0x22, 0x7d),
      "header is not UTF-8, model.safetensors, byte 10",
    ],
    ["a trailing comma", file('{"a":{"dtype":"F32",},}'), '"\\"" expected and "}" found'],
    ["deep nesting", file(`{"a":${"[".repeat(100_000)}`), '"{" expected and "[" found'],
    [
      "a duplicate key",
      file(
        '{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}',
        4,
      ),
      'key "a" occurs twice, model.safetensors, byte 61',
    ],
    [
      "a duplicate key, escaped",
      file('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"\\u0061":{}}', 4),
      'key "a" occurs twice',
    ],
    [
      "a duplicate field",
      file('{"a":{"dtype":"F32","dtype":"F32"}}'),
      'key "dtype" occurs twice, model.safetensors, key "a", byte 28',
    ],
    ["duplicate metadata", file('{"__metadata__":{"k":"1","k":"2"}}'), 'key "k" occurs twice'],
    ["an unknown field", file('{"a":{"dtype":"F32","size":4}}'), 'unknown field "size"'],
    [
      "a missing field",
      file('{"a":{"dtype":"F32","shape":[1]}}'),
      'lacks data_offsets: [begin, end], model.safetensors, key "a", byte 9',
    ],
    ["one offset", file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}'), "lacks data_offsets"],
    [
      "three offsets",
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}'),
      "more than 2 data_offsets",
    ],
    ["a dtype that is a number", file('{"a":{"dtype":1}}'), '"\\"" expected and "1" found'],
    [
      "an unknown dtype",
      file({ a: { dtype: "F33", shape: [1], data_offsets: [0, 4] } }, 4),
      'unknown dtype "F33", model.safetensors, key "a", byte 9',
    ],
    [
      "metadata that is no string",
      file('{"__metadata__":{"epoch":3}}'),
      'metadata must be strings, "epoch" is not, model.safetensors, key "__metadata__", byte 33',
    ],
    ["metadata that is no object", file('{"__metadata__":"x"}'), '"{" expected'],
    [
      "a negative dimension",
      file({ a: f32([-1], 0, 4) }, 4),
      'dimensions must be whole numbers ≥ 0, model.safetensors, key "a"',
    ],
    ["a fraction", file({ a: f32([1.5], 0, 6) }, 6), "dimensions must be whole numbers ≥ 0"],
    [
      "an exponent",
      file('{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}', 4),
      "dimensions must be whole numbers ≥ 0",
    ],
    [
      "a leading zero",
      file('{"a":{"dtype":"F32","shape":[01],"data_offsets":[0,4]}}', 4),
      "a number starts with 0",
    ],
    [
      "a huge dimension",
      file('{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}', 4),
      "dimensions must be below 2⁵³",
    ],
    [
      "a product that overflows",
      file({ a: f32([2 ** 40, 2 ** 40], 0, 4) }, 4),
      "too large, F32 [1099511627776, 1099511627776]",
    ],
    ["a product that wraps to what is there", file({ a: f32([2 ** 32, 2 ** 32, 4], 0, 0) }), "too large"],
    ["65 dimensions", file({ a: f32(new Array<number>(65).fill(1), 0, 4) }, 4), "more than 64 dimensions"],
    [
      "offsets that do not fit the shape",
      file({ a: f32([2], 0, 4) }, 4),
      "F32 [2] takes 8 bytes, data_offsets [0, 4] hold 4",
    ],
    [
      "offsets the wrong way round",
      file({ a: f32([1], 8, 4) }, 8),
      "data_offsets [8, 4] end before they begin",
    ],
    [
      "offsets out of range",
      file({ a: f32([1], 1e15, 1e15 + 4) }, 4),
      "truncated, data_offsets [1000000000000000, 1000000000000004] go beyond",
    ],
    [
      "overlapping tensors",
      file({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8),
      'data_offsets [4, 8] overlap those of another tensor, model.safetensors, key "b"',
    ],
    ["two tensors in one place", file({ a: f32([1], 0, 4), b: f32([1], 0, 4) }, 4), "overlap"],
    ["an empty tensor inside another", file({ a: f32([2], 0, 8), b: f32([0], 4, 4) }, 8), "overlap"],
    ["a hole", file({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), "data_offsets [8, 12] leave a hole"],
    ["a hole at the start", file({ a: f32([1], 4, 8) }, 8), "leave a hole"],
    ["data of no tensor", file({ a: f32([1], 0, 4) }, 5), "trailing bytes that belong to no tensor (1)"],
    [
      "a bool of 2",
      file({ a: { dtype: "BOOL", shape: [2], data_offsets: [0, 2] } }, [1, 2]),
      "BOOL must be 0 or 1, got 2",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(messageOf(bytes)).toContain(message);
    expect(messageOf(bytes)).toMatch(/^loadSafetensors: .*, model\.safetensors.*, byte \d+ \(.+\)$/s);
  });

  it.each(["I16", "U64", "F8_E4M3"])("refuses %s by name and says what to do", (dtype) => {
    const message = messageOf(file({ a: { dtype, shape: [1], data_offsets: [0, 8] } }, 8));
    expect(message).toContain(`dtype ${dtype} is not supported, model.safetensors, key "a"`);
    expect(message).toContain("(convert it to F32, F16, BF16, I32, U8, BOOL, F64, I64 before saving)");
  });

  it("reads F64 as f32, and I64 as i32", () => {
    const doubles = [...new Uint8Array(Float64Array.of(0.1, -1e300, NaN).buffer)];
    const longs = [...new Uint8Array(BigInt64Array.of(-1n, 2n ** 31n - 1n, -(2n ** 31n)).buffer)];
    const header = {
      a: { dtype: "F64", shape: [3], data_offsets: [0, 24] },
      num_batches_tracked: { dtype: "I64", shape: [3, 1], data_offsets: [24, 48] },
    };
    const { arrays } = decode(file(header, [...doubles, ...longs]), "x");
    expect(arrays.map(({ dtype, shape }) => [dtype, shape])).toEqual([
      ["f32", [3]],
      ["i32", [3, 1]],
    ]);
    expect(arrays.map((read) => [...elements(read)])).toEqual([
      [Math.fround(0.1), -Infinity, NaN],
      [-1, 2 ** 31 - 1, -(2 ** 31)],
    ]);
  });

  it.each([2n ** 31n, -(2n ** 31n) - 1n, 2n ** 40n])(
    "refuses an I64 of %d, which i32 cannot hold",
    (value) => {
      const longs = [...new Uint8Array(BigInt64Array.of(1n, value).buffer)];
      const message = messageOf(file({ a: { dtype: "I64", shape: [2], data_offsets: [0, 16] } }, longs));
      expect(message).toContain(
        `value ${value} at position 1 does not fit i32, model.safetensors, key "a", byte`,
      );
    },
  );

  it("survives a file with any one byte changed or cut", () => {
    const bytes = encode(
      [array("a", "f32", [2], Float32Array.of(1, 2)), array("b", "bool", [1], Uint8Array.of(1))],
      { k: "v" },
    );
    for (let at = 0; at < bytes.length; at++) {
      expect(messageOf(bytes.slice(0, at)), `cut at ${at}`).toMatch(/^loadSafetensors: /);
      for (const value of [0, 1, 0x22, 0x2c, 0x7b, 0x7d, 0xff]) {
        const changed = bytes.slice();
        changed[at] = value;
        // Data may change without harm; whatever else happens must be a FormatError.
        expect(messageOf(changed)).toMatch(/^(loadSafetensors: |no error)/);
      }
    }
  });

  it("shortens long keys in messages", () => {
    const message = messageOf(file({ ["k".repeat(10_000)]: f32([2], 0, 4) }, 4));
    expect(message.length).toBeLessThan(400);
  });
});
