import { ValueError } from "../errors.ts";
import { zeros } from "../tensor/create.ts";
import type { Shape } from "../tensor/shape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";
import { Parameter } from "./parameter.ts";

/** Lists and dictionaries of modules and parameters, for models whose forward goes its own way. */

/** Something that holds parts and runs nothing itself. */
abstract class Collection extends Module {
  /** @throws {ValueError} always: a collection runs nothing. */
  override forward(): never {
    throw new ValueError(
      `${this.constructor.name}: has no forward of its own; call those of what it holds, or use Sequential`,
    );
  }
}

/** A name that a path of the state dict can have in it. */
function checkName(collection: string, name: string): string {
  if (name === "" || name.includes("."))
    throw new ValueError(`${collection}: a name must not be empty or have a dot in it, got "${name}"`);
  return name;
}

/** The place of an entry among `length`, negative ones counted from the end. */
function checkIndex(collection: string, index: number, length: number): number {
  const at = index < 0 ? index + length : index;
  if (!Number.isInteger(at) || at < 0 || at >= length)
    throw new ValueError(`${collection}: index ${index} is outside of its ${length} entries`);
  return at;
}

/**
 * Modules in a row, named by their places in the state dict.
 * @example
 * const blocks = new ModuleList([new Linear(3, 3), new Linear(3, 3)]);
 * for (const block of blocks) x = relu(block.forward(x));
 */
export class ModuleList<M extends Module = Module> extends Collection {
  private readonly list: M[];

  constructor(modules: Iterable<M> = []) {
    super();
    this.list = [...modules];
  }

  override *namedChildren(): Generator<[string, Module]> {
    for (const [i, module] of this.list.entries()) yield [String(i), module];
  }

  get length(): number {
    return this.list.length;
  }

  /** The module at a place, counted from the end when negative. */
  at(i: number): M | undefined {
    return this.list.at(i);
  }

  /** Puts another module in a place, counted from the end when negative. */
  set(i: number, module: M): void {
    this.list[checkIndex("ModuleList", i, this.length)] = module;
  }

  /** Adds a module behind the others. Returns the list. */
  append(module: M): this {
    this.list.push(module);
    return this;
  }

  /** Adds modules behind the others. Returns the list. */
  extend(modules: Iterable<M>): this {
    this.list.push(...modules);
    return this;
  }

  /** Puts a module before the one at a place, or with the length behind all. */
  insert(i: number, module: M): void {
    this.list.splice(i === this.length ? i : checkIndex("ModuleList", i, this.length), 0, module);
  }

  [Symbol.iterator](): IterableIterator<M> {
    return this.list[Symbol.iterator]();
  }

  override config(): readonly unknown[] {
    return this.length === 0 ? [] : [[...this.list]];
  }
}

/**
 * Modules by name, in the order in which they came.
 * @example
 * const heads = new ModuleDict({ digits: new Linear(8, 10), parity: new Linear(8, 2) });
 * heads.get("parity").forward(features);
 */
export class ModuleDict<M extends Module = Module> extends Collection {
  private readonly map = new Map<string, M>();

  constructor(modules: Readonly<Record<string, M>> = {}) {
    super();
    this.update(modules);
  }

  override namedChildren(): Generator<[string, Module]> {
    return this.entries();
  }

  get size(): number {
    return this.map.size;
  }

  /** @throws {ValueError} there is no module of this name. */
  get(name: string): M {
    const module = this.map.get(name);
    if (module === undefined)
      throw new ValueError(
        `ModuleDict: has no module "${name}", only ${[...this.keys()].join(", ") || "none"}`,
      );
    return module;
  }

  /** Adds a module, or puts it in the place of the one of this name. Returns the dictionary. */
  set(name: string, module: M): this {
    this.map.set(checkName("ModuleDict", name), module);
    return this;
  }

  /** Adds all of an object's modules. Returns the dictionary. */
  update(modules: Readonly<Record<string, M>>): this {
    for (const [name, module] of Object.entries(modules)) this.set(name, module);
    return this;
  }

  has(name: string): boolean {
    return this.map.has(name);
  }

  /** Whether there was one to take out. */
  delete(name: string): boolean {
    return this.map.delete(name);
  }

  keys(): IterableIterator<string> {
    return this.map.keys();
  }

  values(): IterableIterator<M> {
    return this.map.values();
  }

  *entries(): Generator<[string, M]> {
    yield* this.map;
  }

  [Symbol.iterator](): Generator<[string, M]> {
    return this.entries();
  }

  override config(): readonly unknown[] {
    return this.size === 0 ? [] : [Object.fromEntries(this.map)];
  }
}

/** A parameter, a tensor that becomes one (and is used up), or the shape of one of zeros. */
export type ParameterSource = Tensor | Shape;

const toParameter = (source: ParameterSource): Parameter =>
  source instanceof Parameter ? source : new Parameter(source instanceof Tensor ? source : zeros(source));

/**
 * Parameters in a row, named by their places in the state dict.
 * @example
 * const scales = new ParameterList([ones([3]), [4, 4]]); // the second is of zeros
 */
export class ParameterList extends Collection {
  private readonly list: Parameter[];

  constructor(parameters: Iterable<ParameterSource> = []) {
    super();
    this.list = Array.from(parameters, toParameter);
  }

  protected override *ownEntries(): Generator<[string, Parameter]> {
    for (const [i, parameter] of this.list.entries()) yield [String(i), parameter];
  }

  get length(): number {
    return this.list.length;
  }

  /** The parameter at a place, counted from the end when negative. */
  at(i: number): Parameter | undefined {
    return this.list.at(i);
  }

  /** Adds a parameter behind the others. Returns the list. */
  append(parameter: ParameterSource): this {
    this.list.push(toParameter(parameter));
    return this;
  }

  /** Adds parameters behind the others. Returns the list. */
  extend(parameters: Iterable<ParameterSource>): this {
    this.list.push(...Array.from(parameters, toParameter));
    return this;
  }

  [Symbol.iterator](): IterableIterator<Parameter> {
    return this.list[Symbol.iterator]();
  }

  override config(): readonly unknown[] {
    return this.length === 0 ? [] : [this.list.map(({ shape }) => shape)];
  }
}

/**
 * Parameters by name, in the order in which they came.
 * @example
 * const scales = new ParameterDict({ inner: ones([3]), outer: [4, 4] }); // the second is of zeros
 */
export class ParameterDict extends Collection {
  private readonly map = new Map<string, Parameter>();

  constructor(parameters: Readonly<Record<string, ParameterSource>> = {}) {
    super();
    for (const [name, source] of Object.entries(parameters)) this.set(name, source);
  }

  protected override *ownEntries(): Generator<[string, Parameter]> {
    yield* this.map;
  }

  get size(): number {
    return this.map.size;
  }

  /** @throws {ValueError} there is no parameter of this name. */
  get(name: string): Parameter {
    const parameter = this.map.get(name);
    if (parameter === undefined)
      throw new ValueError(
        `ParameterDict: has no parameter "${name}", only ${[...this.map.keys()].join(", ") || "none"}`,
      );
    return parameter;
  }

  /** Adds a parameter, or puts it in the place of the one of this name. Returns the dictionary. */
  set(name: string, parameter: ParameterSource): this {
    this.map.set(checkName("ParameterDict", name), toParameter(parameter));
    return this;
  }

  has(name: string): boolean {
    return this.map.has(name);
  }

  /** Whether there was one to take out. */
  delete(name: string): boolean {
    return this.map.delete(name);
  }

  keys(): IterableIterator<string> {
    return this.map.keys();
  }

  [Symbol.iterator](): IterableIterator<[string, Parameter]> {
    return this.map[Symbol.iterator]();
  }

  override config(): readonly unknown[] {
    return this.size === 0
      ? []
      : [Object.fromEntries([...this.map].map(([name, { shape }]) => [name, shape]))];
  }
}
