import { FormatError, ValueError } from "../../errors.ts";
import { checkToken, readSaved, type Tokenizer } from "./tokenizer.ts";

const NAME = "CharTokenizer";
const TYPE = "characters";

export interface CharTokenizerOptions {
  /**
   * What stands for characters outside of the vocabulary, in tokens (a last one) and in decoded text, such as "\uFFFD". Default: none, and
   * such a character is an error.
   */
  unknown?: string | null;
}

/**
 * One token a character (Unicode code point), numbered in the order of the code points.
 * @throws {ValueError} encode: a character that is not in the vocabulary. {IndexOutOfRangeError} decode: a token that does not exist.
 * @example
 * const tokenizer = data.CharTokenizer.train(text);
 * tokenizer.decode(tokenizer.encode("to be")); // "to be"
 */
export class CharTokenizer implements Tokenizer {
  /** The characters by their tokens. */
  readonly characters: readonly string[];
  readonly unknown: string | null;
  readonly vocabSize: number;
  readonly #tokens: ReadonlyMap<string, number>;

  constructor(characters: readonly string[], options: CharTokenizerOptions = {}) {
    this.characters = [...characters];
    this.unknown = options.unknown ?? null;
    for (const [i, c] of characters.entries()) {
      if (typeof c !== "string" || Array.from(c).length !== 1)
        throw new ValueError(`${NAME}: takes single characters, got ${JSON.stringify(c)} at position ${i}`);
    }
    this.#tokens = new Map(characters.map((c, i) => [c, i]));
    if (this.#tokens.size !== characters.length) throw new ValueError(`${NAME}: a character appears twice`);
    this.vocabSize = characters.length + (this.unknown === null ? 0 : 1);
    if (this.vocabSize === 0)
      throw new ValueError(`${NAME}: got no characters (train on a text that has some)`);
  }

  /** A tokenizer of the characters that come in `text`. */
  static train(text: string, options: CharTokenizerOptions = {}): CharTokenizer {
    const points = [...new Set(text)].map((c) => c.codePointAt(0) as number).sort((a, b) => a - b);
    return new CharTokenizer(
      points.map((point) => String.fromCodePoint(point)),
      options,
    );
  }

  encode(text: string): Int32Array {
    const out = new Int32Array(text.length);
    let n = 0;
    for (const c of text) {
      const token = this.#tokens.get(c) ?? (this.unknown === null ? undefined : this.characters.length);
      if (token === undefined) {
        throw new ValueError(
          `${NAME}.encode: ${JSON.stringify(c)}, character ${n}, is not in the vocabulary (train on a text that has it, or give { unknown: "\uFFFD" })`,
        );
      }
      out[n++] = token;
    }
    return out.slice(0, n);
  }

  decode(tokens: ArrayLike<number>): string {
    return Array.from(tokens, (token, i) => {
      checkToken(NAME, token, i, this.vocabSize);
      return this.characters[token] ?? this.unknown;
    }).join("");
  }

  toJSON(): object {
    return { type: TYPE, version: 1, characters: this.characters, unknown: this.unknown };
  }

  /**
   * The tokenizer that toJSON gave.
   * @throws {FormatError} it is of another kind or of a version that nobody knows.
   * @example
   * const tokenizer = data.CharTokenizer.fromJSON(JSON.parse(saved));
   */
  static fromJSON(saved: unknown): CharTokenizer {
    const { characters, unknown = null } = readSaved(NAME, TYPE, saved);
    if (!Array.isArray(characters) || (unknown !== null && typeof unknown !== "string"))
      throw new FormatError(`${NAME}.fromJSON: characters must be a list, and unknown text or null`);
    return new CharTokenizer(characters as string[], { unknown });
  }
}
