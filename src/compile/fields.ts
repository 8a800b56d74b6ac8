import { Module } from "../nn/module.ts";
import { isPlain } from "../tensor/holders.ts";
import { Tensor } from "../tensor/tensor.ts";

const LONG = 64;
const isPrimitive = (value: unknown): boolean => typeof value !== "object" || value === null;

/**
 * What stood in the fields of modules and optimisers when a function was recorded: modes, settings, layers, parameters. A program is of use
 * as long as the same stands there.
 */
export class Fields {
  private readonly owners: object[] = [];
  private readonly names: string[] = [];
  private readonly values: unknown[] = [];
  private readonly maps: { readonly map: ReadonlyMap<unknown, unknown>; readonly entries: unknown[] }[] = [];
  private readonly seen = new Set<unknown>();

  constructor(holders: Iterable<object>) {
    for (const holder of holders) this.remember(holder);
  }

  private remember(owner: object): void {
    if (this.seen.has(owner)) return;
    this.seen.add(owner);
    if (Array.isArray(owner)) this.expect(owner, "length", owner.length);
    if (owner instanceof Map) this.maps.push({ map: owner, entries: [...owner].flat() });
    for (const [name, value] of Object.entries(owner)) this.expect(owner, name, value);
    if (owner instanceof Map) for (const value of owner.values()) this.look(value);
  }

  private expect(owner: object, name: string, value: unknown): void {
    this.owners.push(owner);
    this.names.push(name);
    this.values.push(value);
    this.look(value);
  }

  /** Goes on into layers and lists, but for long ones of plain values, such as a vocabulary; what else an object has inside is its own affair. */
  private look(value: unknown): void {
    if (typeof value !== "object" || value === null || value instanceof Tensor) return;
    if (Array.isArray(value) && value.length > LONG && value.every(isPrimitive)) return;
    if (isPlain(value) || Array.isArray(value) || value instanceof Map || value instanceof Module)
      this.remember(value);
  }

  /** The first field that holds something else by now, as "Linear.weight"; null where all is as it was. */
  changed(): string | null {
    const { owners, names, values } = this;
    for (let i = 0; i < owners.length; i++) {
      const owner = owners[i] as Record<string, unknown>;
      if (!Object.is(owner[names[i] as string], values[i])) return `${owner.constructor.name}.${names[i]}`;
    }
    for (const { map, entries } of this.maps) {
      let i = 0;
      for (const [key, value] of map) if (entries[i++] !== key || entries[i++] !== value) return String(key);
      if (i !== entries.length) return "a map";
    }
    return null;
  }

  /** The tensors in fields, with the names of these. */
  *tensors(): Generator<[string, Tensor]> {
    for (const [i, value] of this.values.entries())
      if (value instanceof Tensor) yield [`${this.owners[i]?.constructor.name}.${this.names[i]}`, value];
  }
}
