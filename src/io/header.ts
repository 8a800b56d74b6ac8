/**
 * Reads the JSON header of a safetensors file. A parser of its own, for exactly this grammar: `JSON.parse` lets
 * duplicate keys pass, treats `__proto__` specially, takes any depth, and does not say where in the file it stands.
 */

/** What the header says about one tensor; nothing of it is checked against the data yet. */
export interface HeaderEntry {
  readonly name: string;
  /** The byte of the file where its key stands. */
  readonly at: number;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  readonly entries: readonly HeaderEntry[];
  /** Without prototype, so that every key is only a key. */
  readonly metadata: Record<string, string>;
  /** The bytes of the file where the metadata's texts stand. */
  readonly metadataAt: ReadonlyMap<string, number>;
}

/** Throws the error of the file: the rule that was broken, the byte, the tensor, and the way out. */
export type Fail = (rule: string, at: number, key?: string, wayOut?: string) => never;

const MAX_RANK = 64;
const METADATA = "__metadata__";

/** A string as it is shown in a message: escaped, and not longer than a line. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

/** Half of a surrogate pair cannot be written as UTF-8. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Parses bytes[start, end). */
export function parseHeader(bytes: Uint8Array, start: number, end: number, fail: Fail): Header {
  const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = start;
  let key: string | undefined;

  const bad = (rule: string, where = at): never => fail(rule, where, key);

  const peek = (): string => {
    while (at < end && isSpace(bytes[at] as number)) at++;
    return at < end ? String.fromCharCode(bytes[at] as number) : "";
  };

  const take = (wanted: string): void => {
    const found = peek();
    if (found !== wanted) {
      bad(
        `header is not JSON of the expected form, ${quote(wanted)} expected and ${found === "" ? "its end" : quote(found)} found`,
      );
    }
    at++;
  };

  const string = (): string => {
    take('"');
    const from = at;
    let plain = true;
    for (; at < end && bytes[at] !== 0x22; at++) {
      if ((bytes[at] as number) < 0x20) bad("header is not JSON, a string holds a control character");
      if (bytes[at] !== 0x5c) continue;
      plain = false;
      at++;
    }
    if (at >= end) return bad("header is not JSON, a string does not end", from - 1);
    at++;
    let text: string;
    try {
      text = utf8.decode(bytes.subarray(from, at - 1));
    } catch {
      return bad("header is not UTF-8", from);
    }
    if (plain) return text;
    let unescaped: string;
    try {
      unescaped = JSON.parse(`"${text}"`) as string;
    } catch {
      return bad("header is not JSON, a string holds an unknown escape", from);
    }
    return isWellFormed(unescaped)
      ? unescaped
      : bad("header is not JSON, a string holds half a surrogate pair", from);
  };

  const count = (what: string): number => {
    peek();
    const from = at;
    let value = 0;
    for (; at < end && isDigit(bytes[at] as number); at++) value = value * 10 + (bytes[at] as number) - 48;
    const next = at < end ? String.fromCharCode(bytes[at] as number) : "";
    if (at === from || ".eE".includes(next || "?")) bad(`${what} must be whole numbers ≥ 0`, from);
    if (bytes[from] === 48 && at > from + 1) bad("header is not JSON, a number starts with 0", from);
    if (value > Number.MAX_SAFE_INTEGER) bad(`${what} must be below 2⁵³`, from);
    return value;
  };

  const counts = (what: string, most: number): number[] => {
    const list: number[] = [];
    take("[");
    if (peek() !== "]") {
      for (;;) {
        if (list.length === most) bad(`more than ${most} ${what}`);
        list.push(count(what));
        if (peek() !== ",") break;
        at++;
      }
    }
    take("]");
    return list;
  };

  /** Hands each key of an object to `member`, once. */
  const object = (member: (name: string, nameAt: number) => void): void => {
    const seen = new Set<string>();
    take("{");
    if (peek() !== "}") {
      for (;;) {
        peek();
        const nameAt = at;
        const name = string();
        if (seen.has(name)) bad(`key ${quote(name)} occurs twice`, nameAt);
        seen.add(name);
        take(":");
        member(name, nameAt);
        if (peek() !== ",") break;
        at++;
      }
    }
    take("}");
  };

  const entry = (name: string, nameAt: number): HeaderEntry => {
    let dtype: string | undefined;
    let shape: number[] | undefined;
    let offsets: number[] | undefined;
    object((field, fieldAt) => {
      if (field === "dtype") dtype = string();
      else if (field === "shape") shape = counts("dimensions", MAX_RANK);
      else if (field === "data_offsets") offsets = counts("data_offsets", 2);
      else bad(`unknown field ${quote(field)} (known are dtype, shape, data_offsets)`, fieldAt);
    });
    const [begin, stop] = offsets ?? [];
    if (dtype === undefined || shape === undefined || begin === undefined || stop === undefined) {
      const lacks =
        dtype === undefined ? "dtype" : shape === undefined ? "shape" : "data_offsets: [begin, end]";
      return bad(`lacks ${lacks}`, nameAt);
    }
    return { name, at: nameAt, dtype, shape, begin, end: stop };
  };

  const metadata = Object.create(null) as Record<string, string>;
  const metadataAt = new Map<string, number>();
  const entries: HeaderEntry[] = [];
  if (bytes[start] !== 0x7b) bad('header does not start with "{"');
  object((name, nameAt) => {
    key = name;
    if (name === METADATA) {
      object((field) => {
        if (peek() !== '"') bad(`metadata must be strings, ${quote(field)} is not`);
        metadataAt.set(field, at);
        metadata[field] = string();
      });
    } else {
      entries.push(entry(name, nameAt));
    }
    key = undefined;
  });
  if (peek() !== "") bad("header goes on after its closing brace");
  return { entries, metadata, metadataAt };
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isDigit(byte: number): boolean {
  return byte >= 48 && byte <= 57;
}
