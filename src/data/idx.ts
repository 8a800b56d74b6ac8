/**
 * The IDX format of the MNIST files (http://yann.lecun.com/exdb/mnist, "THE IDX FILE FORMAT"): two zero bytes, a
 * type code, the rank, one big-endian u32 per dimension, then the elements, big-endian, row-major.
 */
import { FormatError } from "../errors.ts";

interface IdxArrays {
  u8: Uint8Array;
  i8: Int8Array;
  i16: Int16Array;
  i32: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
}

export type IdxDType = keyof IdxArrays;

export interface Idx<D extends IdxDType = IdxDType> {
  readonly shape: number[];
  readonly dtype: D;
  /** Row-major. For u8 and i8 it shares the memory of the bytes that were read. */
  readonly data: IdxArrays[D];
}

export interface ReadIdxOptions<D extends IdxDType = IdxDType> {
  /** What error messages call the file. */
  readonly name?: string;
  /** What the file must hold; something else is an error and not a surprise later on. */
  readonly expect?: { readonly dtype?: D; readonly rank?: number };
}

const CODES: Readonly<Record<number, IdxDType>> = {
  8: "u8",
  9: "i8",
  11: "i16",
  12: "i32",
  13: "f32",
  14: "f64",
};
const SIZES: Readonly<Record<IdxDType, number>> = { u8: 1, i8: 1, i16: 2, i32: 4, f32: 4, f64: 8 };

function decode(dtype: IdxDType, view: DataView, at: number, count: number): IdxArrays[IdxDType] {
  const from = <A extends Int16Array | Int32Array | Float32Array | Float64Array>(
    array: A,
    get: (offset: number) => number,
  ): A => {
    for (let i = 0; i < count; i++) array[i] = get(at + i * array.BYTES_PER_ELEMENT);
    return array;
  };
  switch (dtype) {
    case "u8":
      return new Uint8Array(view.buffer, view.byteOffset + at, count);
    case "i8":
      return new Int8Array(view.buffer, view.byteOffset + at, count);
    case "i16":
      return from(new Int16Array(count), (offset) => view.getInt16(offset));
    case "i32":
      return from(new Int32Array(count), (offset) => view.getInt32(offset));
    case "f32":
      return from(new Float32Array(count), (offset) => view.getFloat32(offset));
    case "f64":
      return from(new Float64Array(count), (offset) => view.getFloat64(offset));
  }
}

/**
 * Reads an IDX file.
 * @throws FormatError, with the name of the file and the byte, when it is truncated, goes on after its end, is of
 * another format or type, or is not what `expect` says.
 */
export function readIdx<D extends IdxDType = IdxDType>(
  bytes: Uint8Array,
  options: ReadIdxOptions<D> = {},
): Idx<D> {
  const { name = "the bytes", expect = {} } = options;
  const fail = (rule: string, at: number, wayOut: string): never => {
    throw new FormatError(`readIdx: ${rule}, ${name}, byte ${at} (${wayOut})`);
  };
  const size = bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  if (size < 4)
    return fail(`truncated header, 4 bytes expected and ${size} there`, size, "get the file again");
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return fail("compressed with gzip", 0, "decompress it first");
  const magic = view.getUint32(0);
  if (magic > 0xffff) {
    const wrong = bytes[0] === 0 ? 1 : 0;
    return fail(
      `not an IDX file, starts with 0x${magic.toString(16).padStart(8, "0")}`,
      wrong,
      "must start with two zero bytes",
    );
  }

  const dtype = CODES[magic >>> 8];
  if (dtype === undefined) {
    return fail(
      `unknown type code 0x${(magic >>> 8).toString(16).padStart(2, "0")}`,
      2,
      "known are 08, 09, 0b, 0c, 0d, 0e",
    );
  }
  if (expect.dtype !== undefined && dtype !== expect.dtype) {
    return fail(`holds ${dtype} where ${expect.dtype} is expected`, 2, "is it the right file?");
  }
  const rank = magic & 0xff;
  if (expect.rank !== undefined && rank !== expect.rank) {
    return fail(`has rank ${rank} where ${expect.rank} is expected`, 3, "is it the right file?");
  }

  const start = 4 + 4 * rank;
  if (size < start) {
    return fail(`truncated header, ${start} bytes expected and ${size} there`, size, "get the file again");
  }
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) shape.push(view.getUint32(4 + 4 * i));
  // Zeros first, so that no intermediate product overflows where the whole does not.
  const count = shape.includes(0) ? 0 : shape.reduce((product, dim) => product * dim, 1);
  const expected = count * SIZES[dtype];
  const there = size - start;
  const figures = `${dtype} [${shape.join(", ")}] takes ${expected} bytes and ${there} are there`;
  if (there < expected) return fail(`truncated, ${figures}`, size, "get the file again");
  if (there > expected)
    return fail(`trailing bytes, ${figures}`, start + expected, "is it damaged, or two files in one?");
  return { shape, dtype: dtype as D, data: decode(dtype, view, start, count) as IdxArrays[D] };
}
