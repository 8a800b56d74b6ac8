/** Reads what a wasm binary consists of: its sections, imports and exports. WebAssembly core specification, 5.5. */

const SECTIONS = [
  ...[
    "custom",
    "type",
    "import",
    "function",
    "table",
    "memory",
    "global",
    "export",
    "start",
    "element",
    "code",
  ],
  ...["data", "dataCount", "tag"],
] as const;
const KINDS = ["function", "table", "memory", "global", "tag"] as const;

export type SectionName = (typeof SECTIONS)[number];
export type Kind = (typeof KINDS)[number];

export interface MemoryLimits {
  readonly minimum: number;
  readonly maximum: number | null;
  readonly shared: boolean;
}

export interface Binary {
  readonly sections: readonly SectionName[];
  readonly customSections: readonly string[];
  readonly imports: readonly { module: string; name: string; kind: Kind; memory: MemoryLimits | null }[];
  readonly exports: readonly { name: string; kind: Kind }[];
}

class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new Error(`the binary ends at byte ${this.at - 1}`);
    return byte;
  }

  /** Unsigned LEB128. */
  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  take(count: number): Uint8Array {
    this.at += count;
    if (this.at > this.#bytes.length)
      throw new Error(`the binary ends within a section, at byte ${this.#bytes.length}`);
    return this.#bytes.subarray(this.at - count, this.at);
  }

  name(): string {
    return new TextDecoder("utf-8", { fatal: true }).decode(this.take(this.number()));
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.number() }, read);
  }

  limits(): MemoryLimits {
    const flags = this.byte();
    return { minimum: this.number(), maximum: flags & 1 ? this.number() : null, shared: (flags & 2) !== 0 };
  }
}

function nameOf<T>(names: readonly T[], index: number, what: string): T {
  const name = names[index];
  if (name === undefined) throw new Error(`unknown ${what} ${index}`);
  return name;
}

export function parseBinary(bytes: Uint8Array): Binary {
  const reader = new Reader(bytes);
  if (Buffer.from(reader.take(8)).toString("hex") !== "0061736d01000000")
    throw new Error("not a wasm binary, version 1");
  const sections: SectionName[] = [];
  const customSections: string[] = [];
  const imports: Binary["imports"][number][] = [];
  const exports: Binary["exports"][number][] = [];
  while (!reader.done) {
    const section = nameOf(SECTIONS, reader.byte(), "section");
    const body = new Reader(reader.take(reader.number()));
    sections.push(section);
    if (section === "custom") customSections.push(body.name());
    if (section === "import") imports.push(...body.list(() => readImport(body)));
    if (section === "export") exports.push(...body.list(() => readExport(body)));
  }
  return { sections, customSections, imports, exports };
}

function readImport(body: Reader): Binary["imports"][number] {
  const module = body.name();
  const name = body.name();
  const kind = nameOf(KINDS, body.byte(), "kind of import");
  if (kind === "memory") return { module, name, kind, memory: body.limits() };
  if (kind === "function") body.number();
  else if (kind === "global") body.take(2);
  else throw new Error(`an import of a ${kind}, ${module}.${name}`);
  return { module, name, kind, memory: null };
}

function readExport(body: Reader): Binary["exports"][number] {
  const name = body.name();
  const kind = nameOf(KINDS, body.byte(), "kind of export");
  body.number();
  return { name, kind };
}
