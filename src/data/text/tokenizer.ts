import { FormatError, IndexOutOfRangeError } from "../../errors.ts";

/** What turns text into tokens, whole numbers of [0, vocabSize), and back. `JSON.stringify` saves one. */
export interface Tokenizer {
  /** How many different tokens there are. */
  readonly vocabSize: number;
  /** The tokens of a text; `tensor(…)` makes them i32. */
  encode(text: string): Int32Array;
  /** The text of tokens. */
  decode(tokens: ArrayLike<number>): string;
  /** What fromJSON takes. */
  toJSON(): object;
}

/** Refuses a token that does not exist. */
export function checkToken(name: string, token: number, position: number, vocabSize: number): void {
  if (!Number.isInteger(token) || token < 0 || token >= vocabSize) {
    throw new IndexOutOfRangeError(
      `${name}.decode: token ${token} at position ${position} is outside [0, ${vocabSize - 1}]`,
    );
  }
}

/** The fields of a saved tokenizer, once its kind and version are what they should be. */
export function readSaved(name: string, type: string, saved: unknown): Readonly<Record<string, unknown>> {
  if (typeof saved !== "object" || saved === null)
    throw new FormatError(
      `${name}.fromJSON: takes what toJSON gave, an object, got ${typeof saved} (JSON.parse it first)`,
    );
  const fields = saved as Readonly<Record<string, unknown>>;
  if (fields["type"] !== type)
    throw new FormatError(`${name}.fromJSON: type must be "${type}", got ${JSON.stringify(fields["type"])}`);
  if (fields["version"] !== 1) {
    throw new FormatError(
      `${name}.fromJSON: knows version 1, got ${JSON.stringify(fields["version"])} (a newer simdgrad may read it)`,
    );
  }
  return fields;
}
