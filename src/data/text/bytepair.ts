import { FormatError, ValueError } from "../../errors.ts";
import { checkToken, readSaved, type Tokenizer } from "./tokenizer.ts";

const NAME = "BytePairTokenizer";
const TYPE = "byte-pair";
const BYTES = 256;
/** Two tokens as one number. */
const SHIFT = 1 << 20;

/** GPT-2's pieces: pairs do not reach over them. Words with the space before them, numbers, other signs, the ends of contractions. */
const PIECES = /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

const utf8 = /* @__PURE__ */ new TextEncoder();

/** Replaces every `left`, `right` by `token`, from the left. */
function join(tokens: readonly number[], left: number, right: number, token: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] === left && tokens[i + 1] === right) {
      out.push(token);
      i++;
    } else out.push(tokens[i] as number);
  }
  return out;
}

const pairOf = (tokens: readonly number[], i: number): number =>
  (tokens[i] as number) * SHIFT + (tokens[i + 1] as number);

/** How often each pair of neighbours comes in the words, and in which. */
class PairCounts {
  readonly #counts = new Map<number, number>();
  readonly #places = new Map<number, Set<number>>();

  /** Counts the pairs of word `index`, which comes `times` times; a negative number takes them off. */
  count(tokens: readonly number[], index: number, times: number): void {
    for (let i = 0; i + 1 < tokens.length; i++) {
      const pair = pairOf(tokens, i);
      const total = (this.#counts.get(pair) ?? 0) + times;
      if (total > 0) this.#counts.set(pair, total);
      else this.#counts.delete(pair);
      if (times < 0) continue;
      const places = this.#places.get(pair);
      if (places) places.add(index);
      else this.#places.set(pair, new Set([index]));
    }
  }

  /** The most frequent pair, of equal ones the one with the lower first, then second, token; null where none comes twice. */
  best(): number | null {
    let best: number | null = null;
    let most = 1;
    for (const [pair, total] of this.#counts) {
      if (total > most || (total === most && best !== null && pair < best)) {
        best = pair;
        most = total;
      }
    }
    return best;
  }

  /** The words that had the pair; it is not asked for again. */
  take(pair: number): Iterable<number> {
    const places = this.#places.get(pair) ?? [];
    this.#places.delete(pair);
    return places;
  }
}

/**
 * Byte-pair encoding (R. Sennrich et al., "Neural machine translation of rare words with subword units", 2016) of UTF-8 bytes, as GPT-2 has
 * it: tokens 0 … 255 are the bytes, and each further one joins two that come next to each other most often. So every text has tokens,
 * and decoding gives it back exactly (a lone surrogate, which UTF-8 cannot hold, becomes U+FFFD).
 * @throws {IndexOutOfRangeError} decode: a token that does not exist.
 * @example
 * const tokenizer = data.BytePairTokenizer.train(text, 1000);
 * tokenizer.decode(tokenizer.encode("naïve 🙂")); // "naïve 🙂"
 */
export class BytePairTokenizer implements Tokenizer {
  /** What each token from 256 on joins. */
  readonly merges: readonly (readonly [left: number, right: number])[];
  readonly vocabSize: number;
  /** The token that joins two. */
  readonly #joined: ReadonlyMap<number, number>;
  readonly #bytes: readonly Uint8Array[];

  constructor(merges: readonly (readonly [left: number, right: number])[]) {
    const bytes = Array.from({ length: BYTES }, (_, byte) => Uint8Array.of(byte));
    for (const [i, [left, right]] of merges.entries()) {
      const [a, b] = [bytes[left], bytes[right]];
      if (a === undefined || b === undefined)
        throw new ValueError(`${NAME}: merge ${i} joins ${left} and ${right}, of tokens below ${BYTES + i}`);
      bytes.push(Uint8Array.of(...a, ...b));
    }
    this.merges = merges.map(([left, right]) => [left, right]);
    this.vocabSize = bytes.length;
    this.#bytes = bytes;
    this.#joined = new Map(merges.map((pair, i) => [pairOf(pair, 0), BYTES + i]));
  }

  /**
   * Learns the joins from a text: always the most frequent pair, of equally frequent ones that with the lower first, then second, token,
   * so that the same text gives the same tokenizer everywhere.
   * @param vocabSize at least 256; there are fewer tokens in the end where no pair comes twice.
   */
  static train(text: string, vocabSize: number): BytePairTokenizer {
    if (!Number.isInteger(vocabSize) || vocabSize < BYTES || vocabSize > SHIFT)
      throw new ValueError(
        `${NAME}.train: vocabSize must be a whole number from ${BYTES} to ${SHIFT}, got ${vocabSize}`,
      );
    const times = new Map<string, number>();
    for (const [piece] of text.matchAll(PIECES)) times.set(piece, (times.get(piece) ?? 0) + 1);
    const words = Array.from(times, ([piece, count]) => ({ tokens: Array.from(utf8.encode(piece)), count }));
    const pairs = new PairCounts();
    for (const [index, { tokens, count }] of words.entries()) pairs.count(tokens, index, count);
    const merges: [number, number][] = [];
    for (let token = BYTES; token < vocabSize; token++) {
      const pair = pairs.best();
      if (pair === null) break;
      const [left, right] = [Math.floor(pair / SHIFT), pair % SHIFT];
      for (const index of pairs.take(pair)) {
        const word = words[index] as (typeof words)[number];
        pairs.count(word.tokens, index, -word.count);
        word.tokens = join(word.tokens, left, right, token);
        pairs.count(word.tokens, index, word.count);
      }
      merges.push([left, right]);
    }
    return new BytePairTokenizer(merges);
  }

  encode(text: string): Int32Array {
    const known = new Map<string, readonly number[]>();
    const out: number[] = [];
    for (const [piece] of text.matchAll(PIECES)) {
      let tokens = known.get(piece);
      if (tokens === undefined) known.set(piece, (tokens = this.#piece(piece)));
      for (const token of tokens) out.push(token);
    }
    return Int32Array.from(out);
  }

  /** Joins in the order in which the joins were learnt. */
  #piece(piece: string): number[] {
    let tokens = Array.from(utf8.encode(piece));
    for (;;) {
      let first = Infinity;
      for (let i = 0; i + 1 < tokens.length; i++)
        first = Math.min(first, this.#joined.get(pairOf(tokens, i)) ?? Infinity);
      if (first === Infinity) return tokens;
      const [left, right] = this.merges[first - BYTES] as readonly [number, number];
      tokens = join(tokens, left, right, first);
    }
  }

  /** The text of tokens. Where they break off inside a character, U+FFFD stands for the rest of it. */
  decode(tokens: ArrayLike<number>): string {
    const parts = Array.from(tokens, (token, i) => {
      checkToken(NAME, token, i, this.vocabSize);
      return this.#bytes[token] as Uint8Array;
    });
    const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }

  toJSON(): object {
    return { type: TYPE, version: 1, merges: this.merges };
  }

  /**
   * The tokenizer that toJSON gave.
   * @throws {FormatError} it is of another kind or of a version that nobody knows.
   * @example
   * const tokenizer = data.BytePairTokenizer.fromJSON(JSON.parse(saved));
   */
  static fromJSON(saved: unknown): BytePairTokenizer {
    const { merges } = readSaved(NAME, TYPE, saved);
    const isPair = (pair: unknown): boolean => Array.isArray(pair) && pair.length === 2;
    if (!Array.isArray(merges) || !merges.every(isPair))
      throw new FormatError(`${NAME}.fromJSON: merges must be a list of pairs of tokens`);
    return new BytePairTokenizer(merges as [number, number][]);
  }
}
