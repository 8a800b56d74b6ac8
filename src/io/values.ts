import { ValueError } from "../errors.ts";

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Numbers that JSON has no words for are written as `{ "$number": "NaN" }`. */
const NUMBER = "$number";
const ODD_NUMBERS: Readonly<Record<string, number>> = {
  NaN: NaN,
  Infinity: Infinity,
  "-Infinity": -Infinity,
  "-0": -0,
};

/** Deeper structures are refused, as are circles. */
const MAX_DEPTH = 64;

export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * A value as JSON that reads back as the same value, to the bit.
 * @param where what errors call the value.
 * @param foreign writes what is no JSON (tensors, modules), as an object whose first key starts with "$"; undefined where it cannot.
 */
export function toJson(
  value: unknown,
  where: string,
  foreign: (value: object, where: string, depth: number) => Json | undefined = () => undefined,
  depth = 0,
): Json {
  if (depth > MAX_DEPTH)
    throw new ValueError(`${where}: nested more than ${MAX_DEPTH} deep (is it a circle?)`);
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") {
    const odd = Object.keys(ODD_NUMBERS).find((name) => Object.is(ODD_NUMBERS[name], value));
    return odd === undefined ? value : { [NUMBER]: odd };
  }
  if (typeof value === "object") {
    const written = foreign(value, where, depth);
    if (written !== undefined) return written;
  }
  if (Array.isArray(value)) {
    const list = [...(value as unknown[])];
    while (list.length > 0 && list.at(-1) === undefined) list.pop();
    return list.map((entry, i) => toJson(entry, `${where}[${i}]`, foreign, depth + 1));
  }
  if (isPlain(value)) {
    const known = Object.entries(value).filter(([, entry]) => entry !== undefined);
    return Object.fromEntries(
      known.map(([key, entry]) => {
        if (key.startsWith("$"))
          throw new ValueError(
            `${where}: key ${JSON.stringify(key)} is not allowed (keys with $ have a meaning)`,
          );
        return [key, toJson(entry, `${where}.${key}`, foreign, depth + 1)];
      }),
    );
  }
  const kind = typeof value === "object" ? Object.prototype.toString.call(value).slice(8, -1) : typeof value;
  throw new ValueError(
    `${where}: cannot be written down, ${kind} (null, booleans, numbers, strings, arrays and plain objects can)`,
  );
}

/**
 * The way back. `marked` reads the objects whose first key starts with "$"; `fail` says what is wrong with the file.
 */
export function fromJson(
  json: Json,
  fail: (rule: string) => never,
  marked: (mark: string, object: { readonly [key: string]: Json }, depth: number) => unknown = (mark) =>
    fail(`unknown mark ${JSON.stringify(mark)}`),
  depth = 0,
): unknown {
  if (depth > MAX_DEPTH) return fail(`nested more than ${MAX_DEPTH} deep`);
  if (typeof json !== "object" || json === null) return json;
  if (isList(json)) return json.map((entry) => fromJson(entry, fail, marked, depth + 1));
  const [mark = ""] = Object.keys(json);
  if (mark === NUMBER) {
    const name = json[NUMBER];
    return typeof name === "string" && Object.hasOwn(ODD_NUMBERS, name)
      ? ODD_NUMBERS[name]
      : fail(`unknown number ${JSON.stringify(name)}`);
  }
  if (mark.startsWith("$")) return marked(mark, json, depth);
  return Object.fromEntries(
    Object.entries(json).map(([key, entry]) => [key, fromJson(entry, fail, marked, depth + 1)]),
  );
}

export const isList = (json: Json | undefined): json is readonly Json[] => Array.isArray(json);
