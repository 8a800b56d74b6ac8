import { ValueError } from "../errors.ts";
import { ofBytes, tensor } from "../tensor/create.ts";
import { isHalf } from "../tensor/dtype.ts";
import { readBytes, Tensor } from "../tensor/tensor.ts";
import { asBytes, type Bytes } from "./bytes.ts";
import { decode, elements, encode, type ArrayRead, type ArrayToWrite } from "./codec.ts";

/** Tensors by name: a plain object, a Map, or entries. */
export type NamedTensors = Readonly<Record<string, Tensor>> | Iterable<readonly [string, Tensor]>;

export interface SaveOptions {
  /** Free text beside the tensors, under `__metadata__`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface LoadOptions {
  /** What error messages call the file. */
  readonly name?: string;
}

export interface LoadedTensors {
  /** In the order of the file. Without prototype, so that every key is only a key. */
  readonly tensors: Record<string, Tensor>;
  readonly metadata: Record<string, string>;
}

function entriesOf(tensors: NamedTensors): (readonly [string, Tensor])[] {
  return Symbol.iterator in tensors
    ? [...(tensors as Iterable<readonly [string, Tensor]>)]
    : Object.entries(tensors);
}

/** A tensor as an array of a file. */
export function arrayOf(name: string, t: Tensor): ArrayToWrite {
  return {
    name,
    dtype: t.dtype,
    shape: t.shape,
    write(target) {
      readBytes(t, (bytes) => {
        target.set(bytes);
      });
    },
  };
}

/** A new tensor with the elements of an array. */
export function tensorOf(array: ArrayRead): Tensor {
  const { shape, dtype } = array;
  const values = elements(array);
  return isHalf(dtype) ? ofBytes(values as Uint8Array, shape, dtype) : tensor(values, { shape, dtype });
}

/**
 * The bytes of a safetensors file (https://github.com/huggingface/safetensors#format) with these tensors, of any
 * dtype and shape; views are written as what they show.
 * @throws ValueError for what is not a tensor, for keys or metadata that are no well-formed strings.
 * @throws DisposedError for a tensor that was freed.
 */
export function saveSafetensors(tensors: NamedTensors, options: SaveOptions = {}): Uint8Array<ArrayBuffer> {
  const arrays = entriesOf(tensors).map(([name, t]) => {
    if (!(t instanceof Tensor)) throw new ValueError(`saveSafetensors: "${name}" is no tensor`);
    return arrayOf(name, t);
  });
  return encode(arrays, options.metadata);
}

/**
 * Reads a safetensors file. F32, F16, BF16, I32, U8 and BOOL are taken as they are, F64 as f32, and I64 as i32 where every value fits; files that other programs can be fooled with (overlaps, holes,
 * duplicate keys, lengths that lie) are refused, and nothing stays allocated.
 * @throws FormatError with the name of the file, the key and the byte.
 */
export function loadSafetensors(bytes: Bytes, options: LoadOptions = {}): LoadedTensors {
  const { arrays, metadata } = decode(asBytes("loadSafetensors", bytes), options.name ?? "the bytes");
  const tensors = Object.create(null) as Record<string, Tensor>;
  try {
    for (const array of arrays) {
      tensors[array.name] = tensorOf(array);
    }
  } catch (error) {
    for (const t of Object.values(tensors)) t.dispose();
    throw error;
  }
  return { tensors, metadata };
}
