/**
 * Safetensors files that say more than tensors: a JSON document with a version stands under a key of the metadata, and `simdgrad.seal` has a
 * CRC-32 of every text and every tensor, so that a bit that fell over anywhere is found and named.
 */
import { FormatError, ValueError } from "../errors.ts";
import { readBytes, type Tensor } from "../tensor/tensor.ts";
import { decode, encode, type ArrayRead } from "./codec.ts";
import { crc32 } from "./crc.ts";
import { quote } from "./header.ts";
import { arrayOf } from "./safetensors.ts";
import { isList, isPlain, type Json } from "./values.ts";

/** Keys of the metadata that are ours. */
const OURS = "simdgrad.";
const SEAL = `${OURS}seal`;

/** What a file is: the metadata's key, the version that is written and read, and what people call it. */
export interface Kind {
  readonly key: `simdgrad.${string}`;
  readonly version: number;
  readonly what: string;
}

interface Seal {
  readonly metadata: Readonly<Record<string, number>>;
  readonly tensors: Readonly<Record<string, number>>;
}

const utf8 = new TextEncoder();
const sumOfText = (text: string): number => crc32(utf8.encode(text));

/** Of a tensor's dtype, shape and elements. */
const sumOfArray = (dtype: string, shape: readonly number[], bytes: Uint8Array): number =>
  crc32(bytes, sumOfText(`${dtype} [${shape.join(",")}]`));

/** Writes a file. `document` gets its version; `metadata` are the user's own texts beside it. */
export function seal(
  op: string,
  { key, version }: Kind,
  document: Readonly<Record<string, Json>>,
  tensors: readonly (readonly [string, Tensor])[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  for (const name of Object.keys(metadata))
    if (name.startsWith(OURS))
      throw new ValueError(`${op}: metadata ${quote(name)}: keys that start with ${OURS} are the library's`);
  const texts: Record<string, string> = { [key]: JSON.stringify({ version, ...document }), ...metadata };
  const sums: Seal = {
    metadata: Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, sumOfText(text)])),
    tensors: Object.fromEntries(
      tensors.map(([name, t]) => [name, readBytes(t, (bytes) => sumOfArray(t.dtype, t.shape, bytes))]),
    ),
  };
  return encode(
    tensors.map(([name, t]) => arrayOf(name, t)),
    { ...texts, [SEAL]: JSON.stringify(sums) },
  );
}

/** A file whose seal holds. */
export interface Unsealed {
  readonly document: { readonly [key: string]: Json };
  readonly arrays: ReadonlyMap<string, ArrayRead>;
  /** The user's own. */
  readonly metadata: Record<string, string>;
  /** Throws the error of the file, about a tensor or, without `key`, about the document. */
  readonly fail: (rule: string, key?: string, wayOut?: string, cause?: unknown) => never;
}

/** Reads and checks a file; errors call it `name` and the reader `op`. */
export function unseal(op: string, kind: Kind, bytes: Uint8Array, name: string): Unsealed {
  const { arrays: list, metadata: texts, metadataAt } = decode(bytes, name, op);
  const arrays = new Map(list.map((array) => [array.name, array]));
  const fail: Unsealed["fail"] = (rule, key = kind.key, wayOut = "the file is damaged", cause) => {
    const at = arrays.get(key)?.at ?? metadataAt.get(key) ?? metadataAt.get(kind.key) ?? 8;
    throw new FormatError(`${op}: ${rule}, ${name}, key ${quote(key)}, byte ${at} (${wayOut})`, { cause });
  };
  const parse = (key: string): { readonly [key: string]: Json } => {
    const text = Object.hasOwn(texts, key) ? (texts[key] as string) : undefined;
    if (text === undefined)
      return fail(
        `no ${kind.what}, its metadata lack a key`,
        key,
        "loadSafetensors reads any safetensors file",
      );
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      return fail("the metadata are no JSON", key, undefined, cause);
    }
    return isPlain(value) ? (value as { readonly [key: string]: Json }) : fail("no JSON object", key);
  };

  const document = parse(kind.key);
  const { version } = document;
  if (version !== kind.version) {
    fail(
      `${kind.what} of version ${JSON.stringify(version)}, and this simdgrad reads version ${kind.version}`,
      kind.key,
      "use the simdgrad that wrote it, or a newer one",
    );
  }
  const sums = parse(SEAL);
  const check = (found: ReadonlyMap<string, () => number>, of: Json | undefined): void => {
    if (typeof of !== "object" || of === null || isList(of)) return fail("the seal is not complete", SEAL);
    for (const [key, sum] of found) {
      if (!Object.hasOwn(of, key)) fail("the seal knows nothing of it", key);
      if (of[key] !== sum()) fail("checksum differs", key);
    }
    for (const key of Object.keys(of)) if (!found.has(key)) fail("missing, the seal has its checksum", key);
  };
  const own = Object.entries(texts).filter(([key]) => key !== SEAL);
  check(new Map(own.map(([key, text]) => [key, () => sumOfText(text)])), sums["metadata"]);
  check(
    new Map(list.map((array) => [array.name, () => sumOfArray(array.dtype, array.shape, array.bytes)])),
    sums["tensors"],
  );
  const metadata = Object.fromEntries(own.filter(([key]) => key !== kind.key));
  return { document, arrays, metadata, fail };
}
