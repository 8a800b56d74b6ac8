/**
 * The safetensors format (https://github.com/huggingface/safetensors#format) without tensors: a little-endian u64
 * header length, a JSON header, and one buffer in which the arrays lie without holes.
 */
import { FormatError, ValueError } from "../errors.ts";
import { bytesOf, type DType, type TypedArray } from "../tensor/dtype.ts";
import { isWellFormed, parseHeader, quote, type Fail, type HeaderEntry } from "./header.ts";

/** An array to write: `write` fills its bytes, little-endian and row-major. */
export interface ArrayToWrite {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  write(target: Uint8Array): void;
}

/** An array that was read. `bytes` has its elements in the dtype; a view of the file where that has them so. */
export interface ArrayRead {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  /** The byte of the file where its elements begin. */
  readonly at: number;
}

export interface Decoded {
  readonly arrays: readonly ArrayRead[];
  readonly metadata: Record<string, string>;
  /** The bytes of the file where the metadata's texts stand. */
  readonly metadataAt: ReadonlyMap<string, number>;
}

const NAMES: Readonly<Record<DType, string>> = {
  f32: "F32",
  f16: "F16",
  bf16: "BF16",
  i32: "I32",
  u8: "U8",
  bool: "BOOL",
};

/** What a type of the format is read as, its bytes an element, and how they become the dtype's where they differ. */
interface Source {
  readonly dtype: DType;
  readonly width: number;
  readonly convert?: (
    bytes: Uint8Array,
    fail: (rule: string, at: number, wayOut: string) => never,
  ) => Uint8Array;
}
const SOURCES = new Map<string, Source>([
  ...Object.entries(NAMES).map(([dtype, name]): [string, Source] => [
    name,
    { dtype: dtype as DType, width: bytesOf(dtype as DType) },
  ]),
  ["F64", { dtype: "f32", width: 8, convert: fromDoubles }],
  ["I64", { dtype: "i32", width: 8, convert: fromLongs }],
]);
const SUPPORTED = [...SOURCES.keys()].join(", ");

/** The other types that the format knows. */
const UNSUPPORTED = new Set("I16 I8 U64 U32 U16 C64 F8_E5M2 F8_E4M3 F8_E8M0 F6_E2M3 F6_E3M2 F4".split(" "));

function fromDoubles(bytes: Uint8Array): Uint8Array {
  const values = new Float32Array(bytes.length / 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < values.length; i++) values[i] = view.getFloat64(i * 8, true);
  return new Uint8Array(values.buffer);
}

/** Whole numbers of 64 bits, which must fit 32. */
function fromLongs(bytes: Uint8Array, fail: (rule: string, at: number, wayOut: string) => never): Uint8Array {
  const values = new Int32Array(bytes.length / 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let i = 0; i < values.length; i++) {
    const low = view.getInt32(i * 8, true);
    if (view.getInt32(i * 8 + 4, true) !== low >> 31) {
      const value = view.getBigInt64(i * 8, true);
      fail(`value ${value} at position ${i} does not fit i32`, i * 8, "save it as F32 or F64, or split it");
    }
    values[i] = low;
  }
  return new Uint8Array(values.buffer);
}

/** The reference implementation's limit. */
const MAX_HEADER = 100_000_000;
const METADATA = "__metadata__";

/** Number of elements; Infinity or an unsafe integer when that is too many to count. */
function product(shape: readonly number[]): number {
  let size = 1;
  for (const dim of shape) {
    size *= dim;
    if (!(size <= Number.MAX_SAFE_INTEGER)) return Infinity;
  }
  return size;
}

/** Writes a file: keys in the given order, and in the buffer the wider types first, so that all stay aligned. */
export function encode(
  arrays: readonly ArrayToWrite[],
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const offsets = new Map<ArrayToWrite, number>();
  let total = 0;
  for (const width of [4, 2, 1]) {
    for (const array of arrays) {
      if (bytesOf(array.dtype) !== width) continue;
      offsets.set(array, total);
      total += product(array.shape) * width;
    }
  }

  const checkText = (text: unknown, what: string): string => {
    if (typeof text !== "string" || !isWellFormed(text)) {
      throw new ValueError(
        `saveSafetensors: ${what} must be a well-formed string, got ${typeof text === "string" ? quote(text) : typeof text}`,
      );
    }
    return JSON.stringify(text);
  };
  const members: string[] = [];
  if (metadata !== undefined) {
    const pairs = Object.entries(metadata).map(
      ([key, value]) => `${checkText(key, "a metadata key")}:${checkText(value, `metadata ${quote(key)}`)}`,
    );
    members.push(`"${METADATA}":{${pairs.join(",")}}`);
  }
  const seen = new Set<string>();
  for (const array of arrays) {
    const key = checkText(array.name, "a key");
    if (array.name === METADATA)
      throw new ValueError(`saveSafetensors: no tensor may be called ${key} (that is where metadata goes)`);
    if (seen.has(array.name)) throw new ValueError(`saveSafetensors: key ${quote(array.name)} occurs twice`);
    seen.add(array.name);
    const begin = offsets.get(array) ?? 0;
    const end = begin + product(array.shape) * bytesOf(array.dtype);
    members.push(
      `${key}:{"dtype":"${NAMES[array.dtype]}","shape":[${array.shape.join(",")}],"data_offsets":[${begin},${end}]}`,
    );
  }

  const header = new TextEncoder().encode(`{${members.join(",")}}`);
  const start = 8 + Math.ceil(header.length / 8) * 8;
  if (start - 8 > MAX_HEADER) {
    throw new ValueError(
      `saveSafetensors: the header takes ${start - 8} bytes, ${MAX_HEADER} are allowed (use fewer or shorter keys)`,
    );
  }
  const bytes = new Uint8Array(start + total);
  new DataView(bytes.buffer).setUint32(0, start - 8, true);
  bytes.set(header, 8);
  bytes.fill(0x20, 8 + header.length, start);
  for (const array of arrays) {
    const begin = start + (offsets.get(array) ?? 0);
    array.write(bytes.subarray(begin, begin + product(array.shape) * bytesOf(array.dtype)));
  }
  return bytes;
}

/** Reads and checks a file, down to the last byte; errors call the file `name` and the reader `op`. */
export function decode(bytes: Uint8Array, name: string, op = "loadSafetensors"): Decoded {
  const fail: Fail = (rule, at, key, wayOut = "the file is damaged, or no safetensors file") => {
    const where = key === undefined ? "" : `, key ${quote(key)}`;
    throw new FormatError(`${op}: ${rule}, ${name}${where}, byte ${at} (${wayOut})`);
  };
  const size = bytes.length;
  if (size < 8) return fail(`truncated, the header length takes 8 bytes and ${size} are there`, size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, size);
  const length = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (length > MAX_HEADER) return fail(`header too large, ${length} bytes and ${MAX_HEADER} are allowed`, 0);
  if (length > size - 8)
    return fail(`truncated, the header takes ${length} bytes and ${size - 8} are there`, size);
  const start = 8 + length;
  const { entries, metadata, metadataAt } = parseHeader(bytes, 8, start, fail);

  const arrays = entries.map((entry): ArrayRead => {
    const { dtype, width, convert } = sourceOf(entry, fail);
    const shape = `[${entry.shape.join(", ")}]`;
    const taken = product(entry.shape) * width;
    if (taken > Number.MAX_SAFE_INTEGER)
      return fail(`too large, ${entry.dtype} ${shape}`, entry.at, entry.name);
    const { begin, end } = entry;
    const offsets = `data_offsets [${begin}, ${end}]`;
    if (begin > end) return fail(`${offsets} end before they begin`, entry.at, entry.name);
    if (end - begin !== taken) {
      return fail(
        `${entry.dtype} ${shape} takes ${taken} bytes, ${offsets} hold ${end - begin}`,
        entry.at,
        entry.name,
      );
    }
    if (start + end > size)
      return fail(`truncated, ${offsets} go beyond the ${size - start} bytes of data`, size, entry.name);
    const body = bytes.subarray(start + begin, start + end);
    if (dtype === "bool") {
      const odd = body.findIndex((byte) => byte > 1);
      if (odd >= 0) return fail(`BOOL must be 0 or 1, got ${body[odd]}`, start + begin + odd, entry.name);
    }
    const elements =
      convert?.(body, (rule, at, wayOut) => fail(rule, start + begin + at, entry.name, wayOut)) ?? body;
    return { name: entry.name, dtype, shape: entry.shape, bytes: elements, at: start + begin };
  });

  checkTiling(entries, start, size, fail);
  return { arrays, metadata, metadataAt };
}

function sourceOf(entry: HeaderEntry, fail: Fail): Source {
  const source = SOURCES.get(entry.dtype);
  if (source !== undefined) return source;
  return UNSUPPORTED.has(entry.dtype)
    ? fail(
        `dtype ${entry.dtype} is not supported`,
        entry.at,
        entry.name,
        `convert it to ${SUPPORTED} before saving`,
      )
    : fail(`unknown dtype ${quote(entry.dtype)}`, entry.at, entry.name);
}

/** The arrays must tile the buffer: overlaps alias tensors, and holes hide data. */
function checkTiling(entries: readonly HeaderEntry[], start: number, size: number, fail: Fail): void {
  const sorted = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const entry of sorted) {
    if (entry.begin !== end) {
      const what = entry.begin < end ? "overlap those of another tensor" : "leave a hole";
      fail(`data_offsets [${entry.begin}, ${entry.end}] ${what}`, entry.at, entry.name);
    }
    end = entry.end;
  }
  if (start + end !== size)
    fail(`trailing bytes that belong to no tensor (${size - start - end})`, start + end);
}

/** The elements, of f16 and bf16 their bytes: a view of the file where they lie aligned, else a copy. */
export function elements(array: ArrayRead): TypedArray {
  if (bytesOf(array.dtype) < 4) return array.bytes;
  const { buffer, byteOffset } = array.bytes.byteOffset % 4 === 0 ? array.bytes : array.bytes.slice();
  const length = array.bytes.length / 4;
  return array.dtype === "f32"
    ? new Float32Array(buffer, byteOffset, length)
    : new Int32Array(buffer, byteOffset, length);
}
