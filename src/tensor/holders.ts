import type { Tensor } from "./tensor.ts";

/** What can be asked for a holder, for as long as it is there. */
type Ref = Pick<WeakRef<object>, "deref">;

const holders = new Set<Ref>();

/** Hosts without weak references (workerd at older compatibility dates) keep what was made: isolates are not for many models. */
const refTo = (holder: object): Ref =>
  typeof WeakRef === "undefined" ? { deref: () => holder } : new WeakRef(holder);

/** Modules and optimisers: tensors in their own fields are exempt for as long as they stand there. */
export function registerHolder(holder: object): void {
  holders.add(refTo(holder));
}

/** Every tensor that a living module or optimiser holds in a field, at any depth of arrays, maps and plain objects. */
export function heldTensors(): Set<Tensor> {
  const held = new Set<Tensor>();
  for (const ref of holders) {
    const holder = ref.deref();
    if (holder === undefined) holders.delete(ref);
    else for (const value of Object.values(holder)) collectTensors(value, held);
  }
  return held;
}

const isTensor = (value: object): value is Tensor => "storage" in value && "strides" in value;

/** Adds the tensors inside a value: itself, or nested in arrays, maps, sets and plain objects. */
export function collectTensors(value: unknown, into: Set<Tensor>, depth = 4): Set<Tensor> {
  if (typeof value !== "object" || value === null || depth === 0) return into;
  if (isTensor(value)) into.add(value);
  else if (Array.isArray(value) || value instanceof Set)
    for (const v of value) collectTensors(v, into, depth - 1);
  else if (value instanceof Map) for (const v of value.values()) collectTensors(v, into, depth - 1);
  else if (isPlain(value)) for (const v of Object.values(value)) collectTensors(v, into, depth - 1);
  return into;
}

/** Whether it is an object literal, and no instance of a class. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
