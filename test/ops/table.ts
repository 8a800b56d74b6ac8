import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { DTypeError, scope, type DType } from "../../src/index.ts";
import { toTensor, type OpName, type OpSpec, type Sample } from "./spec.ts";

/**
 * docs/ops.md, from what is there: signatures and docstrings from the sources, dtypes by trying, kernels by watching, gradients from
 * the records and from what the specs check.
 */

const DTYPES: readonly DType[] = ["f32", "i32", "u8", "bool"];

const INTRO = `# Ops

Written by \`npm run docs:ops\` from the sources, the op specs and what the ops do when they are called; a test compares.

- **shapes**: one example, inputs → result. Ops of two operands broadcast as in NumPy; dimensions may be negative.
- **dtypes**: what the floating-point inputs may be, with the dtype of the result where it is another. f16 and bf16 are taken as f32, or moved
  as they are ([dtypes.md](dtypes.md)).
- **gradient**: the orders that are checked against finite differences; – where none flows.
- **kernels**: what the examples of the spec run, the first one in every dtype, conversions included.

No op is compiled or runs on several threads yet; all kernels are written to be shared among threads.
`;
const HEAD = "| op | what it gives | shapes | dtypes | gradient | kernels |";
const RULE = "| --- | --- | --- | --- | --- | --- |";

export interface Declared {
  readonly family: string;
  readonly signature: string;
  readonly summary: string;
  readonly examples: readonly string[];
}

/** Signatures, first sentences and examples of the ops that files of src/ops/ export, in the order of the sources. */
export function declarations(files: readonly string[] = ["index"]): Map<string, Declared> {
  const entries = files.map((file) => fileURLToPath(new URL(`../../src/ops/${file}.ts`, import.meta.url)));
  const program = ts.createProgram(entries, {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    allowImportingTsExtensions: true,
    noEmit: true,
    strict: true,
    skipLibCheck: true,
  });
  const checker = program.getTypeChecker();
  const exports = entries.flatMap((entry) => {
    const source = program.getSourceFile(entry);
    const module = source && checker.getSymbolAtLocation(source);
    if (!module) throw new Error(`no ops in ${entry}`);
    return checker.getExportsOfModule(module);
  });
  const found: [string, number, string, Declared][] = [];
  for (const exported of exports) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    const declaration = symbol.valueDeclaration ?? symbol.declarations?.[0];
    if (!declaration || !(symbol.flags & ts.SymbolFlags.Value)) continue;
    const type = checker.getTypeOfSymbolAtLocation(symbol, declaration);
    const signatures = type.getCallSignatures();
    if (signatures.length === 0) continue;
    const file = declaration.getSourceFile().fileName;
    const text = ts.displayPartsToString(symbol.getDocumentationComment(checker));
    found.push([
      file,
      declaration.pos,
      exported.name,
      {
        family: basename(file, ".ts"),
        signature: [...new Set(signatures.map((s) => parametersOf(checker, s)))].join(" or "),
        summary: firstSentence(text),
        examples: symbol
          .getJsDocTags(checker)
          .filter((tag) => tag.name === "example")
          .map((tag) => ts.displayPartsToString(tag.text)),
      },
    ]);
  }
  found.sort(([a, i], [b, j]) => (a === b ? i - j : a < b ? -1 : 1));
  return new Map(found.map(([, , name, declared]) => [name, declared]));
}

/** Up to the first full stop, semicolon or colon that stands outside of brackets; half-open intervals close with the other kind. */
function firstSentence(text: string): string {
  let depth = 0;
  let end = 0;
  for (; end < text.length; end++) {
    const letter = text.charAt(end);
    if ("([".includes(letter)) depth++;
    else if (")]".includes(letter)) depth--;
    else if (depth === 0 && /^[.;:](\s|$)/.test(text.slice(end, end + 2))) break;
  }
  return text.slice(0, end).replace(/\s+/g, " ");
}

/** (x, dims, { stride, padding }): names alone, options spread out. */
function parametersOf(checker: ts.TypeChecker, signature: ts.Signature): string {
  const names = signature.getParameters().map((parameter) => {
    const declaration = parameter.valueDeclaration as ts.ParameterDeclaration;
    const type = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(parameter, declaration));
    const optional = checker.isOptionalParameter(declaration) ? "?" : "";
    if (!/^(options|how)$/.test(parameter.name)) return parameter.name + optional;
    const fields = checker.getPropertiesOfType(type).map(({ name }) => name);
    return `{ ${fields.join(", ")} }${optional}`;
  });
  return `(${names.join(", ")})`;
}

const shapeOf = (t: { readonly shape: readonly number[] }): string => `[${t.shape.join(", ")}]`;

/** The dtypes that the first float input may have, each with what comes out. */
function dtypesOf(spec: OpSpec, sample: Sample): string {
  const tried = DTYPES.map((dtype) =>
    scope((): string | null => {
      const inputs = sample.inputs.map((input) => {
        if (input.dtype !== "f32" || dtype === "f32") return toTensor(input);
        // Whole and not 0, as they may divide.
        return toTensor({ ...input, values: input.values.map((v) => 1 + Math.floor(Math.abs(v))) }).to(dtype);
      });
      try {
        const out = spec.call(inputs, sample.attrs).dtype;
        return out === dtype ? dtype : `${dtype} → ${out}`;
      } catch (error) {
        if (error instanceof DTypeError) return null;
        throw error;
      }
    }),
  );
  return tried.filter((text) => text !== null).join(", ");
}

/** One row an op. `kernelsOf` runs a function and tells the names of the kernels that it ran. */
export function opTable(
  specs: Readonly<Record<OpName, OpSpec>>,
  kernelsOf: (run: () => void) => readonly string[],
): string {
  const declared = declarations();
  const lines: string[] = [];
  let family = "";
  for (const [name, { family: its, signature, summary }] of declared) {
    const spec = (specs as Readonly<Record<string, OpSpec | undefined>>)[name];
    if (spec === undefined) continue;
    if (its !== family) {
      family = its;
      lines.push("", `## ${family}`, "", HEAD, RULE);
    }
    const sample = spec.samples[0] as Sample;
    const example = scope(() => {
      const out = spec.call(sample.inputs.map(toTensor), sample.attrs);
      return `${sample.inputs.map(shapeOf).join(", ")} → ${shapeOf(out)}`;
    });
    let dtypes = "";
    const kernels = kernelsOf(() => {
      dtypes = dtypesOf(spec, sample);
      scope(() => {
        for (const { inputs, attrs } of spec.samples) spec.call(inputs.map(toTensor), attrs);
      });
    });
    const gradients = spec.gradients?.length !== 0 && sample.inputs.some((t) => t.dtype === "f32");
    const second = gradients && (spec.secondOrder ?? true);
    const cells = [
      `\`${name}${signature}\``,
      summary,
      example,
      dtypes,
      gradients ? (second ? "1, 2" : "1") : "–",
      kernels.map((kernel) => `\`${kernel}\``).join(" "),
    ];
    lines.push(`| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
  }
  return `${INTRO}${lines.join("\n")}\n`;
}
