import { DTypeError, ShapeError, ValueError } from "../errors.ts";
import { stack } from "../ops/movement.ts";
import {
  abandonFrame,
  closeFrame,
  collectTensors,
  free,
  openFrame,
  take,
  touch,
} from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { Tensor, view } from "../tensor/tensor.ts";

const FORM = "samples are tensors, or tuples, arrays and plain objects of tensors";

export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: unknown): string {
  if (value instanceof Tensor) return "a tensor";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (isPlain(value)) return `an object with ${Object.keys(value).join(", ") || "no keys"}`;
  return value === null || typeof value === "object"
    ? Object.prototype.toString.call(value).slice(8, -1)
    : typeof value;
}

/**
 * One sample of many, each tensor with a first dimension more. The samples must have the same form.
 * @param indices what errors call the samples.
 */
export function collate<S>(samples: readonly S[], indices: ArrayLike<number>): S {
  return merge(samples, indices, "") as S;
}

function merge(parts: readonly unknown[], indices: ArrayLike<number>, path: string): unknown {
  const [first] = parts;
  const nameOf = (i: number): string => `sample ${indices[i] ?? i}${path}`;
  const differs = (i: number): never => {
    throw new ValueError(
      `DataLoader: ${nameOf(i)} is ${describe(parts[i])}, ${nameOf(0)} ${describe(first)} (all samples have one form)`,
    );
  };

  if (first instanceof Tensor) {
    const tensors = parts.map((part, i) => {
      if (!(part instanceof Tensor)) return differs(i);
      touch(part, "DataLoader");
      if (!sameShape(part.shape, first.shape)) {
        throw new ShapeError(
          `DataLoader: ${nameOf(i)} has shape ${formatShape(part.shape)}, ${nameOf(0)} ${formatShape(first.shape)} (a batch needs one shape: pad them, or give the dataset a batch(indices))`,
        );
      }
      if (part.dtype !== first.dtype) {
        throw new DTypeError(
          `DataLoader: ${nameOf(i)} has dtype ${part.dtype}, ${nameOf(0)} ${first.dtype} (a batch needs one dtype)`,
        );
      }
      return part;
    });
    return stack(tensors);
  }
  if (Array.isArray(first)) {
    const lists = parts.map((part, i) =>
      Array.isArray(part) && part.length === first.length ? (part as unknown[]) : differs(i),
    );
    return first.map((_, k) =>
      merge(
        lists.map((list) => list[k]),
        indices,
        `${path}[${k}]`,
      ),
    );
  }
  if (isPlain(first)) {
    const keys = Object.keys(first);
    const objects = parts.map((part, i) =>
      isPlain(part) &&
      Object.keys(part).length === keys.length &&
      keys.every((key) => Object.hasOwn(part, key))
        ? part
        : differs(i),
    );
    return Object.fromEntries(
      keys.map((key) => [
        key,
        merge(
          objects.map((object) => object[key]),
          indices,
          `${path}.${key}`,
        ),
      ]),
    );
  }
  const wayOut = typeof first === "number" ? 'make it a tensor: tensor(value, { dtype: "i32" })' : FORM;
  throw new ValueError(`DataLoader: ${nameOf(0)} is ${describe(first)} (${wayOut})`);
}

/** A sample, and the handles in it that its owner frees. */
export interface Owned<S> {
  readonly sample: S;
  readonly tensors: ReadonlySet<Tensor>;
}

/**
 * Runs `make` and gives its sample with handles of the caller's own: what the dataset holds stays the dataset's,
 * and everything else that `make` allocated is freed.
 * @param mark of a frame that is open already, and ends with this.
 */
export function own<S>(make: () => S, mark = openFrame()): Owned<S> {
  const tensors = new Set<Tensor>();
  let sample: S;
  try {
    sample = rehandle(make(), tensors) as S;
  } catch (error) {
    abandonFrame(mark, "the DataLoader, which failed to make a batch");
    throw error;
  }
  take(mark, tensors);
  closeFrame(
    mark,
    new Set(),
    "the DataLoader: the dataset made it for a batch and neither returned nor kept it",
  );
  return { sample, tensors };
}

/** Runs `make`; what it makes and does not return is freed, and all of it where it fails. */
export function confine<T>(make: () => T): T {
  const mark = openFrame();
  let made: T;
  try {
    made = make();
  } catch (error) {
    abandonFrame(mark, "the dataset, which failed");
    throw error;
  }
  closeFrame(mark, collectTensors(made, new Set(), Infinity), "the dataset: made on the way to a sample");
  return made;
}

/** Takes over what a promise brought: it was made outside of every frame, so that nobody else frees it. */
export function claim<S>(sample: S): Owned<S> {
  const owned = own(() => sample);
  release(collectTensors(sample, new Set(), Infinity));
  return owned;
}

/** The same structure with new handles on the same storages. */
function rehandle(value: unknown, handles: Set<Tensor>): unknown {
  if (value instanceof Tensor) {
    touch(value, "DataLoader");
    const handle = view(value, value.shape, value.strides, value.offset);
    handles.add(handle);
    return handle;
  }
  if (Array.isArray(value)) return value.map((part) => rehandle(part, handles));
  if (isPlain(value))
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, rehandle(part, handles)]));
  return value;
}

/** Frees what the owner of a sample owns, but for what was kept meanwhile. */
export function release(tensors: ReadonlySet<Tensor>): void {
  for (const t of tensors) {
    if (!t.kept)
      free(
        t,
        "the DataLoader, which frees a batch when the next one is asked for and at the end of the loop",
      );
  }
}
