import ts from "typescript";
import * as simdgrad from "../../src/index.ts";

/** Runs the examples of docstrings: statements over the public names, with what they give as a comment behind. */

const api = Object.entries(simdgrad).filter(([name]) => name !== "var");

interface Statement {
  readonly code: string;
  /** The comment behind, or null. */
  readonly says: string | null;
  /** What is compared with the comment: the value of an expression, or of what is taken apart into names. */
  readonly value: ts.Expression | null;
}

/** A line of an example whose comment is a value. */
export interface Shown {
  readonly code: string;
  readonly shown: unknown;
  readonly given: unknown;
}

function statements(example: string): Statement[] {
  const source = ts.createSourceFile("example.ts", example, ts.ScriptTarget.ES2022, true);
  return source.statements.map((statement) => {
    const [comment] = ts.getTrailingCommentRanges(example, statement.end) ?? [];
    const says = comment ? example.slice(comment.pos + 2, comment.end).trim() : null;
    const declared = ts.isVariableStatement(statement)
      ? statement.declarationList.declarations[0]
      : undefined;
    const value = ts.isExpressionStatement(statement) ? statement.expression : declared?.initializer;
    return { code: statement.getText(source), says, value: value ?? null };
  });
}

/** The values that a comment lists, or null where it is prose. */
function valuesOf(says: string): unknown[] | null {
  const literal = /^(?:[[\],\s]|-?\d+(?:\.\d+)?(?:e-?\d+)?|true|false|NaN|-?Infinity)+$/;
  if (!literal.test(says)) return null;
  try {
    return run(`return [${says}];`, []) as unknown[];
  } catch {
    return null;
  }
}

function run(code: string, names: readonly (readonly [string, unknown])[]): unknown {
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code is the repository's own
  const body = new Function(...names.map(([name]) => name), code) as (...values: unknown[]) => unknown;
  return body(...names.map(([, value]) => value));
}

/** Tensors as nested arrays. */
function plain(value: unknown): unknown {
  if (value instanceof simdgrad.Tensor) return value.toArray();
  return Array.isArray(value) ? value.map(plain) : value;
}

const isTuple = (value: unknown): boolean => Array.isArray(value) && value[0] instanceof simdgrad.Tensor;

/** Runs an example and gives each value that it shows beside the one that came out. */
export function runExample(example: string): Shown[] {
  const found: Shown[] = [];
  const all = statements(example);
  const note = (at: number, value: unknown): unknown => {
    const { code, says } = all[at] as Statement;
    const shown = says === null ? null : valuesOf(says);
    // Of several tensors the values stand side by side.
    if (shown !== null) found.push({ code, shown: isTuple(value) ? shown : shown[0], given: plain(value) });
    return value;
  };
  const code = all.map(({ code: text, value }, at) => {
    if (value === null) return text;
    const expression = value.getText();
    return text.replace(expression, () => `note(${at}, (${expression}))`);
  });
  simdgrad.scope(() => {
    run(code.join("\n"), [...api, ["note", note]]);
  });
  return found;
}

/** Whether two values agree to four digits. */
export function agree(given: unknown, shown: unknown): boolean {
  if (Array.isArray(given) && Array.isArray(shown))
    return given.length === shown.length && given.every((value, i) => agree(value, shown[i]));
  if (typeof given === "number" && typeof shown === "number" && Number.isFinite(shown))
    return Math.abs(given - shown) <= 5e-4 * Math.abs(shown) + 1e-7;
  return Object.is(given, shown);
}
