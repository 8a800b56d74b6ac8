import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { data, memory, type Tensor } from "../../src/index.ts";

const { BytePairTokenizer, CharTokenizer, TokenDataset } = data;

let live = 0;
beforeEach(() => {
  live = memory().live;
});
afterEach(() => {
  expect(memory().live).toBe(live);
});

const again = (value: object): unknown => JSON.parse(JSON.stringify(value));

describe("CharTokenizer", () => {
  it("numbers characters by their code points", () => {
    const tokenizer = CharTokenizer.train("hello 🙂, hëllo");
    expect(tokenizer.characters.join("")).toBe(" ,ehloë🙂");
    expect(tokenizer.vocabSize).toBe(8);
    expect(Array.from(tokenizer.encode("ë🙂h"))).toEqual([6, 7, 3]);
    expect(tokenizer.encode("o") instanceof Int32Array).toBe(true);
    expect(tokenizer.decode(tokenizer.encode("hole 🙂"))).toBe("hole 🙂");
    expect(tokenizer.decode([])).toBe("");
  });

  it("has a token for the unknown, or refuses it", () => {
    const tokenizer = CharTokenizer.train("abc");
    expect(() => tokenizer.encode("ab🙂")).toThrow(/CharTokenizer.encode: "🙂", character 2, is not in/);
    const lenient = CharTokenizer.train("abc", { unknown: "_" });
    expect(lenient.vocabSize).toBe(4);
    expect(Array.from(lenient.encode("ax_c"))).toEqual([0, 3, 3, 2]);
    expect(lenient.decode([0, 3, 2])).toBe("a_c");
    expect(() => tokenizer.decode([1, 3])).toThrow(/token 3 at position 1 is outside \[0, 2\]/);
    expect(() => tokenizer.decode([0.5])).toThrow(/token 0.5/);
    expect(() => CharTokenizer.train("")).toThrow(/got no characters/);
    expect(() => new CharTokenizer(["a", "bc"])).toThrow(/single characters, got "bc" at position 1/);
    expect(() => new CharTokenizer(["a", "a"])).toThrow(/appears twice/);
  });

  it("is saved and read again", () => {
    for (const unknown of [null, "?"]) {
      const tokenizer = CharTokenizer.train("to be or not", { unknown });
      const copy = CharTokenizer.fromJSON(again(tokenizer));
      expect(copy.toJSON()).toEqual(tokenizer.toJSON());
      expect(copy.encode("not to")).toEqual(tokenizer.encode("not to"));
    }
    const saved = { ...CharTokenizer.train("ab").toJSON() };
    expect(() => CharTokenizer.fromJSON({ ...saved, version: 2 })).toThrow(/knows version 1, got 2/);
    expect(() => CharTokenizer.fromJSON({ ...saved, type: "byte-pair" })).toThrow(
      /type must be "characters", got "byte-pair"/,
    );
    expect(() => CharTokenizer.fromJSON({ ...saved, characters: 3 })).toThrow(/characters must be a list/);
    expect(() => CharTokenizer.fromJSON("{}")).toThrow(/an object, got string \(JSON.parse/);
  });
});

/** Words of a small language, in Zipf's proportions, from a plain generator of numbers. */
function babble(words: number): string {
  let seed = 7;
  const next = (n: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * n);
  };
  const syllables = ["ka", "to", "mi", "sun", "the", "re", "ing", "ö", "x", "qua"];
  const lexicon = Array.from({ length: 400 }, () =>
    Array.from({ length: 1 + next(4) }, () => syllables[next(10)]).join(""),
  );
  const out: string[] = [];
  for (let i = 0; i < words; i++) out.push(lexicon[next(1 + next(400))] as string);
  return out.join(" ");
}

describe("BytePairTokenizer", () => {
  it("joins the most frequent pairs first, ties by the lower tokens", () => {
    // Pieces "abab", " abab", " cd", " cd", " e": ab comes 4 times; then (256, 256) and the pairs of " cd" twice each.
    const tokenizer = BytePairTokenizer.train("abab abab cd cd e", 300);
    const [a, b, space, c, d] = ["a", "b", " ", "c", "d"].map((s) => s.charCodeAt(0)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    expect(tokenizer.merges).toEqual([
      [a, b],
      [space, c],
      [256, 256],
      [257, d],
    ]);
    expect(tokenizer.vocabSize).toBe(260);
    expect(Array.from(tokenizer.encode("abab cd cab"))).toEqual([258, 259, 257, 256]);
    expect(d).toBeLessThan(256);
  });

  it("counts by steps what counting anew counts", () => {
    const text = babble(1000);
    const tokenizer = BytePairTokenizer.train(text, 330);
    // The plain algorithm: count all pairs of all pieces again for every join.
    let pieces = (text.match(/ ?\p{L}+/gu) as string[]).map((piece) =>
      Array.from(new TextEncoder().encode(piece)),
    );
    for (const [i, merge] of tokenizer.merges.entries()) {
      const counts = new Map<string, [number, number, number]>();
      for (const p of pieces)
        for (let k = 0; k + 1 < p.length; k++) {
          const [x, y] = [p[k] as number, p[k + 1] as number];
          const entry = counts.get(`${x},${y}`) ?? [0, x, y];
          entry[0]++;
          counts.set(`${x},${y}`, entry);
        }
      const [best] = [...counts.values()].sort((x, y) => y[0] - x[0] || x[1] - y[1] || x[2] - y[2]);
      expect(merge, `merge ${i}`).toEqual(best?.slice(1));
      pieces = pieces.map((p) => {
        const out: number[] = [];
        for (let k = 0; k < p.length; k++) {
          if (p[k] === merge[0] && p[k + 1] === merge[1]) {
            out.push(256 + i);
            k++;
          } else out.push(p[k] as number);
        }
        return out;
      });
    }
    // What training made of its own text is what encode makes of it.
    expect(Array.from(tokenizer.encode(text))).toEqual(pieces.flat());
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
  });

  it("gives any text back", () => {
    const tokenizer = BytePairTokenizer.train(babble(500), 300);
    const texts = [
      "",
      " ",
      "\uFEFFwith a mark \u0000 and\r\n\t  spaces   ",
      "it's we'll 12,345.67 naïve 漢字かな 👩‍👩‍👧 \u{10FFFF}",
      String.fromCodePoint(...Array.from({ length: 3000 }, (_, i) => (i * 37) % 0xd800)),
      "a".repeat(5000),
    ];
    for (const text of texts) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    const [smile] = [Array.from(tokenizer.encode("🙂"))];
    expect(tokenizer.decode(smile.slice(0, 2))).toBe("\uFFFD");
    expect(() => tokenizer.decode([300])).toThrow(/token 300 at position 0 is outside \[0, 299\]/);
  });

  it("is saved and read again", () => {
    const tokenizer = BytePairTokenizer.train(babble(500), 320);
    const copy = BytePairTokenizer.fromJSON(again(tokenizer));
    expect(copy.merges).toEqual(tokenizer.merges);
    expect(copy.encode("sun the")).toEqual(tokenizer.encode("sun the"));
    const saved = tokenizer.toJSON();
    expect(() => BytePairTokenizer.fromJSON({ ...saved, version: 9 })).toThrow(/knows version 1, got 9/);
    expect(() => BytePairTokenizer.fromJSON({ ...saved, merges: [[1]] })).toThrow(/list of pairs/);
    expect(() => BytePairTokenizer.fromJSON({ ...saved, merges: [[1, 256]] })).toThrow(
      /merge 0 joins 1 and 256/,
    );
    expect(() => BytePairTokenizer.train("a", 255)).toThrow(/vocabSize must be .* got 255/);
    expect(BytePairTokenizer.train("", 500).vocabSize).toBe(256);
  });
});

describe("TokenDataset", () => {
  it("cuts a row of tokens into pieces and what comes next", async () => {
    const tokens = Array.from({ length: 11 }, (_, i) => 10 + i);
    const made = new TokenDataset(tokens, { blockSize: 3 });
    expect(made.length).toBe(3);
    const rows = (t: Tensor): unknown => t.toArray();
    const seen: unknown[] = [];
    for await (const [x, y] of new data.DataLoader(made, { batchSize: 2 })) seen.push([rows(x), rows(y)]);
    expect(seen).toEqual([
      [
        [
          [10, 11, 12],
          [13, 14, 15],
        ],
        [
          [11, 12, 13],
          [14, 15, 16],
        ],
      ],
      [[[16, 17, 18]], [[17, 18, 19]]],
    ]);
    const one = made.get(1);
    expect(one.map((t) => [rows(t), t.dtype])).toEqual([
      [[13, 14, 15], "i32"],
      [[14, 15, 16], "i32"],
    ]);
    for (const t of one) t.dispose();
    const dense = new TokenDataset(Int32Array.from(tokens), { blockSize: 10, stride: 1 });
    expect(dense.length).toBe(1);
    const even = new TokenDataset(tokens, { blockSize: 4, stride: 2 });
    expect(even.length).toBe(4);
    for (const dataset of [made, dense, even]) dataset.dispose();
  });

  it("refuses what makes no sense", () => {
    expect(() => new TokenDataset([1, 2, 3], { blockSize: 3 })).toThrow(/blockSize 3 needs 4 tokens, got 3/);
    expect(() => new TokenDataset([1, 2, 3], { blockSize: 0 })).toThrow(/blockSize must be .* got 0/);
    expect(() => new TokenDataset([1, 2, 3], { blockSize: 1, stride: 0.5 })).toThrow(
      /stride must be .* got 0.5/,
    );
    expect(() => new TokenDataset([1, 0.5], { blockSize: 1 })).toThrow(/0.5/);
    const made = new TokenDataset([1, 2, 3], { blockSize: 1 });
    expect(() => made.get(2)).toThrow(/TokenDataset.get: index 2 is outside \[0, 1\]/);
    expect(() => made.batch(Int32Array.of(0, -1))).toThrow(/index -1/);
    made.dispose();
    expect(() => made.get(0)).toThrow(/TokenDataset.dispose/);
  });
});
