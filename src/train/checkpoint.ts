import { scope } from "../autograd/mode.ts";
import { SimdgradError, ValueError } from "../errors.ts";
import { asBytes, type Bytes } from "../io/bytes.ts";
import { tensorOf } from "../io/safetensors.ts";
import { seal, unseal, type Kind } from "../io/sealed.ts";
import type { Store } from "../io/store.ts";
import { fromJson, isPlain, toJson, type Json } from "../io/values.ts";
import { Module } from "../nn/module.ts";
import { getRandomState, setRandomState } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import { kindOf, modelPart, sameKind } from "./kind.ts";

const KIND: Kind = { key: "simdgrad.checkpoint", version: 1, what: "checkpoint" };
const TENSOR = "$tensor";

/**
 * What a checkpoint can keep: modules, optimisers, schedules, averages of weights, loaders, metrics, and whatever else has these two methods.
 * A state is made of JSON values, tensors, and arrays and plain objects of them. `loadStateDict` copies from the tensors that it gets, and
 * changes nothing where it throws.
 */
export interface Stateful {
  stateDict(): object;
  loadStateDict(state: never): unknown;
}

export const isStateful = (value: object): value is Stateful =>
  ["stateDict", "loadStateDict"].every(
    (name) => typeof (value as Record<string, unknown>)[name] === "function",
  );

/** All that takes part in a training, by names of your choice. */
export type Parts = Readonly<Record<string, Stateful>>;

export interface LoadCheckpointOptions {
  /** Take the parts that are asked for and leave the rest of the checkpoint, such as the weights alone. Default false: all of it. */
  readonly partial?: boolean;
  /** What error messages call it. Default: the name in the store. */
  readonly name?: string;
}

/**
 * The bytes of a checkpoint: the state of every part, the flags of modules (training or evaluating, frozen or not) and the random stream. Make
 * it between two steps, when no gradients wait to be used: gradients are not in it.
 * @param data your own counters and notes, as JSON values.
 * @throws {ValueError} a state has something that cannot be written down.
 * @example
 * const bytes = train.encodeCheckpoint({ model, optimizer }, { epoch: 3 });
 */
export function encodeCheckpoint(parts: Parts, data: unknown = null): Uint8Array<ArrayBuffer> {
  const tensors = new Map<string, Tensor>();
  const write = (value: object, where: string): Json | undefined => {
    if (!(value instanceof Tensor)) return undefined;
    let key = where;
    // Keys of state dicts have dots in them, so that two paths may read the same.
    while (tensors.has(key)) key += "'";
    tensors.set(key, value);
    return { [TENSOR]: key };
  };
  return scope(() => {
    const states = Object.entries(parts).map(([name, part]): [string, Json] => {
      const state = toJson(partOf(part).stateDict(), name, write);
      return [name, { kind: kindOf(part), state }];
    });
    const document = {
      parts: Object.fromEntries(states),
      random: [...getRandomState()],
      data: toJson(data, "data", write),
    };
    return seal("saveCheckpoint", KIND, document, [...tensors]);
  });
}

const partOf = (part: Stateful): Stateful => (part instanceof Module ? modelPart(part) : part);

/**
 * Puts the parts, and the random stream, where they were when the checkpoint was made. Where anything does not fit, everything is as it was.
 * @returns the data that was saved beside.
 * @throws {FormatError} the checkpoint is truncated, damaged or of an unknown version; names the key and the byte.
 * @throws {ValueError} it is of another model, optimiser or schedule, or has other parts. {ShapeError} a tensor has another shape.
 * @example
 * const { epoch } = train.decodeCheckpoint(bytes, { model, optimizer }) as { epoch: number };
 */
export function decodeCheckpoint(bytes: Bytes, parts: Parts, options: LoadCheckpointOptions = {}): unknown {
  const { partial = false, name = "the bytes" } = options;
  const { document, arrays, fail } = unseal("loadCheckpoint", KIND, asBytes("loadCheckpoint", bytes), name);
  const failDocument = (rule: string): never => fail(rule);
  const { parts: saved, random } = document;
  if (!isPlain(saved)) return failDocument("it has no parts");
  if (!Array.isArray(random) || random.length !== 4) return failDocument("it has no random state");
  checkParts(name, saved, parts, partial);

  const read = (mark: string, node: { readonly [key: string]: Json }): Tensor => {
    const array = mark === TENSOR ? arrays.get(node[TENSOR] as string) : undefined;
    return array === undefined ? failDocument(`no tensor for ${JSON.stringify(node)}`) : tensorOf(array);
  };
  return scope(() => {
    const states = Object.keys(parts).map((part) => {
      const { state } = saved[part] as { state: Json };
      return [part, fromJson(state, failDocument, read)] as const;
    });
    const data = fromJson(document["data"] ?? null, failDocument, read);
    putAll(name, parts, states);
    if (!partial) setRandomState(Int32Array.from(random as number[]));
    return data;
  });
}

/** Refuses a checkpoint whose parts are not those that are asked for. */
function checkParts(
  name: string,
  saved: Readonly<Record<string, Json>>,
  parts: Parts,
  partial: boolean,
): void {
  const refuse = (rule: string, wayOut: string): never => {
    throw new ValueError(`loadCheckpoint: ${name}: ${rule} (${wayOut})`);
  };
  const has = Object.keys(saved).join(", ");
  for (const [key, part] of Object.entries(parts)) {
    const found = Object.hasOwn(saved, key) ? (saved[key] as { kind: Json }) : undefined;
    if (found === undefined)
      return refuse(`it has no part ${key}, it has ${has}`, "ask for parts that it has");
    const difference = sameKind(key, found.kind, kindOf(part));
    if (difference !== null) refuse(difference, "make it anew as it was, or start without this checkpoint");
  }
  const more = Object.keys(saved).filter((key) => !Object.hasOwn(parts, key));
  if (more.length > 0 && !partial)
    refuse(`its part ${more.join(", ")} is not asked for`, "pass it, or { partial: true } to leave it");
}

/** Loads all states or, where one does not fit, none. */
function putAll(name: string, parts: Parts, states: readonly (readonly [string, unknown])[]): void {
  const before = encodeCheckpoint(parts);
  const put = (key: string, state: unknown): void => {
    partOf(parts[key] as Stateful).loadStateDict(state as never);
  };
  for (const [key, state] of states) {
    try {
      put(key, state);
    } catch (error) {
      decodeCheckpoint(before, parts);
      if (error instanceof SimdgradError) error.message = `loadCheckpoint: ${name}: ${key}: ${error.message}`;
      throw error;
    }
  }
}

/**
 * Writes a checkpoint: see {@link encodeCheckpoint}. What the store had under the name is there until the new one is whole.
 * @example
 * const parts = { model, optimizer, schedule, loader };
 * await train.saveCheckpoint(store, "run", parts, { step });
 */
export async function saveCheckpoint(
  store: Store,
  name: string,
  parts: Parts,
  data?: unknown,
): Promise<void> {
  await store.write(name, encodeCheckpoint(parts, data));
}

/**
 * Goes on from a checkpoint: see {@link decodeCheckpoint}.
 * @returns the data that was saved beside; null where the store has no such checkpoint: then nothing is changed.
 * @example
 * const found = await train.loadCheckpoint<{ step: number }>(store, "run", { model, optimizer, schedule, loader });
 * let step = found?.data.step ?? 0;
 */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller knows what it saved
export async function loadCheckpoint<D = unknown>(
  store: Store,
  name: string,
  parts: Parts,
  options: LoadCheckpointOptions = {},
): Promise<{ readonly data: D } | null> {
  const bytes = await store.read(name);
  if (bytes === null) return null;
  return { data: decodeCheckpoint(bytes, parts, { name, ...options }) as D };
}
