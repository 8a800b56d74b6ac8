/** How a model file describes modules: `{ "$module": "Linear", "args": [10, 5] }`, and `{ "$same": 3 }` for one that occurred before. */
import { OutOfMemoryError, ValueError } from "../errors.ts";
import * as nn from "../nn/index.ts";
import { Module } from "../nn/module.ts";
import { fromJson, isList, toJson, type Json } from "./values.ts";

/** A class of modules, with a constructor of any arguments. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- no other type of arguments takes every constructor
export type ModuleClass = new (...args: any[]) => Module;

/** Classes by the names that files call them. */
export type ModuleClasses = Readonly<Record<string, ModuleClass>>;

const MODULE = "$module";
const SAME = "$same";

let builtIn: ReadonlyMap<string, ModuleClass> | undefined;

/** All modules of the library. The names are those of the exports, which minifiers leave alone, and not those of the classes. */
function builtInClasses(): ReadonlyMap<string, ModuleClass> {
  builtIn ??= new Map(
    Object.entries(nn).filter(
      (entry): entry is [string, ModuleClass & (typeof entry)[1]] =>
        typeof entry[1] === "function" && entry[1].prototype instanceof Module,
    ),
  );
  return builtIn;
}

/** What the library calls the class of a module; null for a class of the user's. */
export function builtInName(module: Module): string | null {
  for (const [name, made] of builtInClasses()) if (module.constructor === made) return name;
  return null;
}

function nameOf(op: string, module: Module, modules: ModuleClasses): string {
  const known = builtInName(module);
  if (known !== null) return known;
  const named = Object.entries(modules).find(([, made]) => module.constructor === made)?.[0];
  const name = named ?? module.constructor.name;
  if (name === "" || builtInClasses().has(name)) {
    throw new ValueError(
      `${op}: a class ${name === "" ? "without name" : `called ${name}, as a built-in module is,`} needs a name of its own (pass { modules: { MyModule: TheClass } })`,
    );
  }
  return name;
}

/** The description of a module and all that it is made of. */
export function describeModule(op: string, module: Module, modules: ModuleClasses): Json {
  const seen: object[] = [];
  const write = (value: object, where: string, depth: number): Json | undefined => {
    if (!(value instanceof Module)) return undefined;
    const before = seen.indexOf(value);
    if (before >= 0) return { [SAME]: before };
    seen.push(value);
    const name = nameOf(op, value, modules);
    return { [MODULE]: name, args: toJson(value.config(), `${where}: ${name}.config()`, write, depth + 1) };
  };
  return toJson(module, op, write);
}

/**
 * The module that a description is of, with new weights. Only classes of the library and of `modules` are made.
 * @param fail throws the error of the file.
 */
export function makeModule(
  json: Json | undefined,
  modules: ModuleClasses,
  fail: (rule: string, wayOut?: string, cause?: unknown) => never,
): Module {
  // In the order of the description, in which a module comes before what it is made of.
  const made: (Module | null)[] = [];
  const read = (mark: string, node: { readonly [key: string]: Json }, depth: number): unknown => {
    if (mark === SAME)
      return made[Number(node[SAME])] ?? fail(`no layer ${JSON.stringify(node[SAME])} comes before`);
    if (mark !== MODULE) return fail(`unknown mark ${JSON.stringify(mark)}`);
    const { [MODULE]: name, args } = node;
    if (typeof name !== "string" || !isList(args)) return fail("a layer takes a name and a list of args");
    const place = made.push(null) - 1;
    const Made = Object.hasOwn(modules, name) ? modules[name] : builtInClasses().get(name);
    if (Made === undefined) {
      return fail(
        `unknown layer ${name}`,
        `pass its class as { modules: { ${name} } }; a newer simdgrad may have one`,
      );
    }
    const values = args.map((arg) => fromJson(arg, fail, read, depth + 1));
    try {
      return (made[place] = new Made(...values));
    } catch (error) {
      if (error instanceof OutOfMemoryError) throw error;
      return fail(
        `layer ${name} cannot be made, ${error instanceof Error ? error.message : String(error)}`,
        undefined,
        error,
      );
    }
  };
  try {
    const model = fromJson(json ?? null, fail, read);
    return model instanceof Module ? model : fail("it describes no module");
  } catch (error) {
    for (const module of made) module?.dispose();
    throw error;
  }
}
