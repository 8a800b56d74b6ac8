/**
 * Writes both sides of the boundary from the kernels' signatures, so that nobody copies an ABI by hand:
 *
 *   assembly/dispatch.gen.ts     decodes a command from linear memory and calls its kernel
 *   assembly/kernels.gen.ts      what the binaries export: all kernels and helpers
 *   src/program/kernels.gen.ts   one typed function a kernel, which encodes its command
 *   src/program/arguments.gen.ts what the arguments are called, for estimates of a command's work
 *   src/wasm/abi.gen.ts          the hash of all signatures, which the binaries carry too
 *
 * A kernel is an exported function in assembly/kernels/ whose last two parameters are `part: i32, parts: i32` and
 * which returns i32; `<kernel>_workspace` is a helper that says how many bytes of workspace a command needs.
 *
 *   node scripts/generate-kernels.mjs [--check]    --check only compares, and fails when a file is stale
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const ID_BITS = 12;
const ARGUMENT_TYPES = new Set(["usize", "i32", "u32", "f32", "Words"]);

/** @typedef {{ name: string, type: string }} Parameter */
/** @typedef {{ name: string, file: string, parameters: Parameter[] }} Signature */

export class SignatureError extends Error {}

/**
 * @param {string} root
 * @returns {{ kernels: Signature[], helpers: Signature[] }}
 */
function readSignatures(root) {
  /** @type {Map<string, Signature>} */
  const kernels = new Map();
  /** @type {Map<string, Signature>} */
  const helpers = new Map();
  const folder = join(root, "assembly/kernels");
  const files = existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: "utf8" }) : [];
  for (const name of files.sort()) {
    if (!name.endsWith(".ts") || name.endsWith(".gen.ts")) continue;
    const path = join(folder, name);
    const file = relative(root, path).replaceAll("\\", "/");
    const source = ts.createSourceFile(file, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
    for (const statement of source.statements) {
      if (!ts.isFunctionDeclaration(statement) || !statement.name || statement.typeParameters) continue;
      if (!statement.modifiers?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)) continue;
      const signature = {
        name: statement.name.text,
        file,
        parameters: statement.parameters.map((parameter) => ({
          name: parameter.name.getText(source),
          type: parameter.type?.getText(source) ?? "?",
        })),
      };
      const returns = statement.type?.getText(source) ?? "?";
      const kind = classify(signature, returns);
      if (kind === null) continue;
      const map = kind === "kernel" ? kernels : helpers;
      const earlier = map.get(signature.name);
      if (earlier) {
        throw new SignatureError(
          `${file}: ${signature.name} is also in ${earlier.file}; kernel names are unique`,
        );
      }
      if (kind === "kernel") signature.parameters.splice(-2);
      map.set(signature.name, signature);
    }
  }
  for (const helper of helpers.values()) {
    const kernel = helper.name.slice(0, -"_workspace".length);
    if (!kernels.has(kernel))
      throw new SignatureError(`${helper.file}: ${helper.name} has no kernel ${kernel}`);
  }
  if (kernels.size >= 1 << ID_BITS)
    throw new SignatureError(`more than ${1 << ID_BITS} kernels: widen the id`);
  /** @param {Map<string, Signature>} map */
  const sorted = (map) => [...map.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { kernels: sorted(kernels), helpers: sorted(helpers) };
}

/**
 * @param {Signature} signature
 * @param {string} returns
 */
function classify({ name, file, parameters }, returns) {
  /** @param {string} what */
  const fail = (what) => new SignatureError(`${file}: ${name}: ${what}`);
  const shown = parameters.map((parameter) => `${parameter.name}: ${parameter.type}`);
  const isKernel = shown.at(-2) === "part: i32" && shown.at(-1) === "parts: i32";
  const isHelper = !isKernel && name.endsWith("_workspace");
  if (!isKernel && !isHelper) return null;
  if (returns !== "i32") throw fail(`returns ${returns}, must return i32`);
  if (parameters.length > 33) throw fail(`has ${parameters.length - 2} arguments, must have at most 31`);
  for (const parameter of parameters) {
    if (isHelper && parameter.type !== "i32")
      throw fail(`${parameter.name} is ${parameter.type}, must be i32`);
    if (!ARGUMENT_TYPES.has(parameter.type)) {
      throw fail(`${parameter.name} is ${parameter.type}, must be one of ${[...ARGUMENT_TYPES].join(", ")}`);
    }
  }
  return isKernel ? "kernel" : "helper";
}

/**
 * The names of the parameters count, too: two arguments of one type that change places make another ABI.
 * @param {Signature[]} signatures
 */
function hash(signatures) {
  const text = signatures
    .map(({ name, parameters }) => `${name}(${parameters.map((p) => `${p.name}: ${p.type}`).join(", ")})`)
    .join("\n");
  return `0x${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
}

const HEADER =
  "// Made by scripts/generate-kernels.mjs from the signatures in assembly/kernels. Not for editing.\n";

/**
 * `import { names } from file` for each file, or `export`.
 * @param {"import" | "export"} keyword
 * @param {Signature[]} signatures
 */
function fromFiles(keyword, signatures) {
  /** @type {Map<string, string[]>} */
  const files = new Map();
  for (const { name, file } of signatures) files.set(file, [...(files.get(file) ?? []), name]);
  return [...files].map(
    ([file, names]) =>
      `${keyword} { ${names.join(", ")} } from "./${file.slice("assembly/".length, -".ts".length)}";`,
  );
}

/**
 * @param {Signature[]} kernels
 * @param {string} abi
 */
function dispatcher(kernels, abi) {
  const lines = [HEADER, ...fromFiles("import", kernels)];
  lines.push(
    "",
    "/** Hash of all kernels' signatures: the encoders were made from the same ones. */",
    "export function abi(): i32 {",
    `  return <i32>${abi};`,
    "}",
    "",
    "export function dispatch(id: u32, command: usize, part: i32, parts: i32): i32 {",
    "  switch (id) {",
  );
  for (const [id, { name, parameters }] of kernels.entries()) {
    const args = parameters.map(({ type }, index) => {
      const offset = 4 * (index + 1);
      if (type === "Words") return `command + (<usize>load<u32>(command, ${offset}) << 2)`;
      return `load<${type}>(command, ${offset})`;
    });
    lines.push(`    case ${id}:`, `      return ${name}(${[...args, "part", "parts"].join(", ")});`);
  }
  lines.push("    default:", "      return -1; // no such kernel", "  }", "}", "");
  return lines.join("\n");
}

/** @param {Parameter} parameter */
const typed = ({ name, type }) =>
  `${name}: ${{ usize: "Ptr", Words: "readonly number[]" }[type] ?? "number"}`;

/** What an argument is to an encoder: a word, a float, or words that follow. @param {Parameter} parameter */
const mark = ({ type }) => ({ f32: "f", Words: "w" })[type] ?? "i";

/**
 * The name of the encoder for a kernel's kinds of arguments, each with how many there are in a row: i3f2i1 takes three words, two floats
 * and a word.
 * @param {Signature} kernel
 */
const shapeOf = ({ parameters }) =>
  parameters.length === 0
    ? "none"
    : parameters
        .map(mark)
        .join("")
        .replace(/(.)\1*/g, (run, kind) => `${kind}${run.length}`);

/**
 * Kernels with the same kinds of arguments share an encoder, which makes the function of each.
 * @param {Signature} kernel any of them
 */
function encoder(kernel) {
  const kinds = kernel.parameters.map(mark);
  const slots = kinds.length + 1;
  /** @param {number} index */
  const name = (index) => `${kinds[index]}${index}`;
  const parameters = kinds.map(
    (kind, index) => `${name(index)}: ${kind === "w" ? "readonly number[]" : "number"}`,
  );
  const lengths = kinds.flatMap((kind, index) => (kind === "w" ? [`${name(index)}.length`] : []));
  const lines = [
    `function ${shapeOf(kernel)}(id: number) {`,
    `  return (${parameters.join(", ")}): number => {`,
  ];
  if (lengths.length > 0) lines.push(`    const length = ${[slots, ...lengths].join(" + ")};`);
  const length = lengths.length > 0 ? "length" : String(slots);
  lines.push(`    const at = begin(${length});`);
  lines.push(`    i32[at] = ${lengths.length > 0 ? `(length << ${ID_BITS})` : slots << ID_BITS} | id;`);
  for (const [index, kind] of kinds.entries()) {
    const slot = `at + ${index + 1}`;
    if (kind !== "w") {
      lines.push(`    ${kind}32[${slot}] = ${name(index)};`);
      continue;
    }
    const before = kinds
      .slice(0, index)
      .flatMap((kind, other) => (kind === "w" ? [`${name(other)}.length`] : []));
    const start = [slots, ...before].join(" + ");
    lines.push(`    i32[${slot}] = ${start};`);
    lines.push(
      `    for (let j = 0; j < ${name(index)}.length; j++) i32[at + ${start} + j] = ${name(index)}[j] as number;`,
    );
  }
  lines.push("    return end(at);", "  };", "}");
  return lines.join("\n");
}

/** @param {Signature} signature */
const typeOf = ({ parameters }) => `(${parameters.map(typed).join(", ")}) => number`;

/**
 * @param {Signature} kernel
 * @param {number} id
 */
const encoderCall = (kernel, id) =>
  [
    `/** ${kernel.name}(${kernel.parameters.map((parameter) => parameter.name).join(", ")}): ${kernel.file} */`,
    `export const ${kernel.name}: ${typeOf(kernel)} = /* @__PURE__ */ ${shapeOf(kernel)}(${id});`,
  ].join("\n");

/** @param {Signature} kernel */
const pointers = ({ parameters }) =>
  parameters.reduce((bits, { type }, slot) => (type === "usize" ? bits + 2 ** slot : bits), 0);

/** The families whose kernels of f32 work element by element, and share their work by the same rule (assembly/loops.ts). */
const ELEMENTWISE = ["activation", "activationgrad", "binary", "elementary", "unary"];

/** @param {Signature} kernel */
const isElementwise = ({ name, file, parameters }) =>
  name.endsWith("_f32") &&
  ELEMENTWISE.some((family) => file === `assembly/kernels/${family}.ts`) &&
  ["n", "dims"].includes(parameters.at(-1)?.name ?? "");

/**
 * @param {Signature} kernel
 * @param {number} id
 */
function activationSlot({ parameters }, id) {
  const slot = parameters.findIndex(({ name }) => name === "activation");
  return slot < 0 ? [] : [`${id}: ${slot + 1}`];
}

/** @param {Signature} helper */
const helperCall = (helper) =>
  [
    `/** Bytes of workspace of ${helper.name.slice(0, -"_workspace".length)}: ${helper.file} */`,
    `export const ${helper.name}: ${typeOf(helper)} = /* @__PURE__ */ helper("${helper.name}");`,
  ].join("\n");

const HELPER = `function helper(name: string) {
  return (...args: number[]): number => exports()[name]?.(...args) as number;
}`;

/**
 * @param {Signature[]} kernels
 * @param {Signature[]} helpers
 */
function encoders(kernels, helpers) {
  const uses = new Set(kernels.flatMap((kernel) => kernel.parameters.map((parameter) => parameter.type)));
  const blocks = [
    [
      HEADER,
      ...(helpers.length > 0 ? ['import { exports } from "../wasm/engine.ts";'] : []),
      ...(uses.has("usize") ? ['import type { Ptr } from "../wasm/heap.ts";'] : []),
      ...(kernels.length > 0
        ? [
            `import { ${uses.has("f32") ? "f32, " : ""}i32 } from "../wasm/views.ts";`,
            'import { begin, end } from "./emit.ts";',
          ]
        : []),
      "",
      'export { ABI } from "../wasm/abi.gen.ts";',
      "",
      "/** The kernel of each id. */",
      `export const kernelNames: readonly string[] = ${kernels.length > 0 ? `"${kernels.map(({ name }) => name).join(" ")}".split(" ")` : "[]"};`,
      "",
      "/** Which words of each kernel's commands are addresses: bit 0 is the first after the head. */",
      `export const kernelPointers: readonly number[] = [${kernels.map(pointers).join(", ")}];`,
      "",
      "/** Kernels that make each element of their dense result from those at the same place; the last argument is their number, or dims. */",
      `export const elementwiseKernels: readonly number[] = [${kernels.flatMap((kernel, id) => (isElementwise(kernel) ? [id] : [])).join(", ")}];`,
      "",
      "/** Where commands say which activation their kernel ends in, by kernel. */",
      `export const activationSlots: Readonly<Record<number, number>> = { ${kernels.flatMap(activationSlot).join(", ")} };`,
    ].join("\n"),
    ...[...new Map(kernels.map((kernel) => [shapeOf(kernel), kernel])).values()].map(encoder),
    ...(helpers.length > 0 ? [HELPER] : []),
    ...kernels.map(encoderCall),
    ...helpers.map(helperCall),
  ];
  return `${blocks.join("\n\n")}\n`;
}

/** @param {Signature[]} kernels */
function argumentNames(kernels) {
  const marks = { usize: "*", Words: "[]" };
  const lines = kernels.map(({ parameters }) =>
    parameters.map(({ name, type }) => `${marks[/** @type {"usize"} */ (type)] ?? ""}${name}`).join(" "),
  );
  return [
    HEADER,
    "/** The arguments of each kernel, a line for each id, in the order of a command's words: *pointers, []words that follow, and numbers. */",
    `export const kernelArguments = \`${lines.join("\n")}\`;`,
    "",
  ].join("\n");
}

/**
 * The text of all generated files by path, from the kernels in `root`/assembly/kernels.
 * @param {string} root
 * @returns {Record<string, string>}
 */
export function generate(root) {
  const { kernels, helpers } = readSignatures(root);
  const abi = hash([...kernels, ...helpers]);
  return {
    "assembly/dispatch.gen.ts": dispatcher(kernels, abi),
    "assembly/kernels.gen.ts": `${[HEADER, ...fromFiles("export", [...kernels, ...helpers])].join("\n")}\n`,
    "src/program/kernels.gen.ts": encoders(kernels, helpers),
    "src/program/arguments.gen.ts": argumentNames(kernels),
    "src/wasm/abi.gen.ts": `${HEADER}\n/** Hash of all kernels' signatures; a binary whose \`abi()\` differs belongs to another build. */\nexport const ABI = ${abi};\n`,
  };
}

/**
 * @param {string} root
 * @param {boolean} check
 */
function update(root, check) {
  for (const [file, text] of Object.entries(generate(root))) {
    const path = join(root, file);
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
    if (check) {
      console.log(`${file} is stale: run npm run generate`);
      process.exitCode = 1;
      continue;
    }
    mkdirSync(dirname(path), { recursive: true });
    // Written beside and renamed: whoever reads at the same time sees the old file or the new one.
    writeFileSync(`${path}.${process.pid}`, text);
    renameSync(`${path}.${process.pid}`, path);
    console.log(`generated ${file}`);
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(import.meta.url))) {
  try {
    update(join(dirname(fileURLToPath(import.meta.url)), ".."), process.argv.includes("--check"));
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    console.error(`generate-kernels: ${error.message}`);
    process.exitCode = 1;
  }
}
