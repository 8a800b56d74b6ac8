import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  manualSeed,
  memory,
  nn,
  noGrad,
  ones,
  randn,
  scope,
  sum,
  tensor,
  type Tensor,
} from "../../src/index.ts";
import { check, readCases } from "./torchlayers.ts";

const numbers = (t: Tensor): number[] => Array.from(t.data);
const farthest = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape);
  return Math.max(...numbers(a.sub(b)).map(Math.abs));
};

let live = 0;
beforeEach(() => {
  live = memory().live;
});
afterEach(() => {
  expect(memory().live).toBe(live);
});

describe("transformer layers", () => {
  const file = fileURLToPath(new URL("./decoder-layer.json", import.meta.url));
  for (const c of readCases(file)) {
    it(`are PyTorch's: ${c.kind}, ${JSON.stringify(c.opts)}`, () => {
      check(c);
    });
  }

  it("have PyTorch's state-dict keys", () => {
    const layer = ["self_attn.in_proj_weight", "self_attn.in_proj_bias", "self_attn.out_proj.weight"];
    const keysOf = (m: nn.Module): string[] => {
      const keys = Object.keys(m.stateDict());
      m.dispose();
      return keys;
    };
    const encoder = keysOf(new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8 }));
    expect(encoder.slice(0, 3)).toEqual(layer);
    expect(encoder).toHaveLength(12);
    expect(keysOf(new nn.TransformerEncoderLayer(4, 2, { dimFeedforward: 8, bias: false }))).toEqual([
      ...["self_attn.in_proj_weight", "self_attn.out_proj.weight", "linear1.weight", "linear2.weight"],
      ...["norm1.weight", "norm2.weight"],
    ]);
    const whole = keysOf(
      new nn.Transformer(4, 2, { numEncoderLayers: 2, numDecoderLayers: 1, dimFeedforward: 8 }),
    );
    expect(whole).toContain("encoder.layers.1.norm2.bias");
    expect(whole).toContain("decoder.layers.0.multihead_attn.out_proj.weight");
    expect(whole).toContain("decoder.norm.weight");
  });

  it("know what they are made of", () => {
    const options = {
      dimFeedforward: 8,
      dropout: 0.25,
      activation: "gelu",
      normFirst: true,
      rotary: true,
    } as const;
    const model = new nn.Transformer(4, 2, { ...options, numEncoderLayers: 2, numDecoderLayers: 1 });
    const again = new nn.Transformer(
      ...(JSON.parse(JSON.stringify(model.config())) as [number, number, object]),
    );
    expect(String(again)).toBe(String(model));
    expect(again.config()).toEqual(model.config());
    expect(again.encoder.layers[1]?.options).toMatchObject(options);
    expect(model.encoder.layers[0]?.self_attn.config()).toEqual([...[4, 2], { dropout: 0.25, rotary: true }]);
    // Layers of a stack have weights of their own.
    const [one, two] = model.encoder.layers.map((layer) => numbers(layer.linear1.weight));
    expect(one).not.toEqual(two);
    model.dispose();
    again.dispose();
  });

  it("hide the future by isCausal as by a mask, and drop in training only", () => {
    scope(() => {
      manualSeed(1);
      const layer = new nn.TransformerEncoderLayer(8, 2, { dimFeedforward: 8 });
      const x = randn([5, 2, 8]);
      expect(numbers(layer.forward(x))).not.toEqual(numbers(layer.forward(x)));
      layer.eval();
      const srcMask = nn.Transformer.generateSquareSubsequentMask(5);
      expect(farthest(layer.forward(x, { isCausal: true }), layer.forward(x, { srcMask }))).toBeLessThan(
        1e-6,
      );
      layer.dispose();
    });
  });

  it("refuse what makes no sense", () => {
    expect(() => new nn.TransformerEncoderLayer(4, 3)).toThrow(/multiple of numHeads, got 4 and 3/);
    expect(() => new nn.TransformerEncoderLayer(4, 2, { dropout: 2 })).toThrow(
      /TransformerEncoderLayer: dropout must lie in \[0, 1\], got 2/,
    );
    expect(() => new nn.TransformerDecoderLayer(4, 2, { activation: "tanh" as "relu" })).toThrow(
      /TransformerDecoderLayer: activation must be "relu" or "gelu", got "tanh"/,
    );
    expect(() => new nn.TransformerEncoderLayer(6, 2, { rotary: true })).toThrow(/rotary needs an even/);
  });
});

describe("positions", () => {
  it("are sines and cosines", () => {
    scope(() => {
      const layer = new nn.PositionalEncoding(6, { dropout: 0 });
      const out = layer.forward(ones([4, 2, 6]), { offset: 700 }).data;
      for (let t = 0; t < 4; t++) {
        for (let i = 0; i < 6; i++) {
          const angle = (700 + t) / 10000 ** ((i - (i % 2)) / 6);
          const expected = 1 + (i % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
          expect(out[t * 12 + i]).toBeCloseTo(expected, 4);
          expect(out[t * 12 + 6 + i]).toBe(out[t * 12 + i]);
        }
      }
      const first = new nn.PositionalEncoding(6, { dropout: 0, batchFirst: true });
      const swapped = first.forward(ones([2, 4, 6]), { offset: 700 }).transpose(0, 1);
      expect(numbers(swapped)).toEqual(Array.from(out));
      expect(() => layer.forward(ones([4, 2, 5]))).toThrow(
        /PositionalEncoding: takes \[time, batch, 6\] or \[time, 6\], got \[4, 2, 5\]/,
      );
      expect(() => new nn.PositionalEncoding(5)).toThrow(/features must be even, got 5/);
    });
  });

  it("are learned, up to a length", () => {
    scope(() => {
      const layer = new nn.LearnedPositions(5, 3, { batchFirst: true });
      const out = layer.forward(ones([2, 3, 3]), { offset: 2 });
      expect(numbers(out.select(0, 1).sub(1)).map((v) => Math.fround(v + 1))).toEqual(
        numbers(layer.weight.slice({ dim: 0, start: 2 }).add(1)),
      );
      sum(out).backward();
      expect((layer.weight.grad as Tensor).toArray()).toEqual([0, 0, 2, 2, 2].map((g) => [g, g, g]));
      expect(() => layer.forward(ones([3, 3]), { offset: 3 })).toThrow(
        /LearnedPositions: position 5 is outside \[0, 4\]/,
      );
      expect(layer.config()).toEqual([5, 3, { dropout: 0, batchFirst: true }]);
      layer.dispose();
    });
  });

  it("turn halves, so that products depend on distances alone", () => {
    scope(() => {
      manualSeed(2);
      const x = randn([2, 3, 4]);
      const out = nn.rotaryEmbedding(x, { offset: 9, base: 100 }).data;
      for (let row = 0; row < 6; row++) {
        for (let i = 0; i < 2; i++) {
          const angle = (9 + (row % 3)) * 100 ** (-i / 2);
          const [a, b] = [x.data[row * 4 + i] as number, x.data[row * 4 + i + 2] as number];
          expect(out[row * 4 + i]).toBeCloseTo(a * Math.cos(angle) - b * Math.sin(angle), 5);
          expect(out[row * 4 + i + 2]).toBeCloseTo(b * Math.cos(angle) + a * Math.sin(angle), 5);
        }
      }
      const [q, k] = [randn([1, 8]), randn([1, 8])];
      const product = (at: number): number =>
        sum(nn.rotaryEmbedding(q, { offset: at + 3 }).mul(nn.rotaryEmbedding(k, { offset: at }))).item();
      expect(product(50)).toBeCloseTo(product(0), 4);
      expect(() => nn.rotaryEmbedding(randn([2, 3]))).toThrow(
        /rotaryEmbedding: features must be even, got 3/,
      );
      expect(() => nn.rotaryEmbedding(q, { offset: -1 })).toThrow(
        /offset must be a whole number ≥ 0, got -1/,
      );
    });
  });
});

/** A small GPT of public layers. */
class Gpt extends nn.Module {
  readonly positions = new nn.LearnedPositions(12, 8, { batchFirst: true });
  readonly blocks: nn.TransformerEncoderLayer[];
  readonly norm = new nn.LayerNorm(8);
  readonly head = new nn.Linear(8, 5);

  constructor(rotary: boolean) {
    super();
    const options = { dimFeedforward: 16, normFirst: true, batchFirst: true, rotary };
    this.blocks = [1, 2].map(() => new nn.TransformerEncoderLayer(8, 2, options));
  }

  override forward(x: Tensor, cache: nn.KVCache | null = null): Tensor {
    let out = this.positions.forward(x, { offset: cache?.length ?? 0 });
    for (const block of this.blocks) out = block.forward(out, { isCausal: true, cache });
    return this.head.forward(this.norm.forward(out));
  }
}

describe("KVCache", () => {
  it.each([false, true])("gives in pieces what the whole sequence gives, rotary %s", (rotary) => {
    scope(() => {
      manualSeed(3);
      const model = new Gpt(rotary).eval();
      const cache = new nn.KVCache(12);
      const x = randn([2, 12, 8]);
      const whole = noGrad(() => model.forward(x));
      const pieces = [5, 1, 1, 3, 2];
      for (let pass = 0; pass < 2; pass++) {
        let start = 0;
        for (const length of pieces) {
          const y = noGrad(() => model.forward(x.narrow({ dim: 1, start, length }), cache));
          expect(farthest(y, whole.narrow({ dim: 1, start, length }))).toBeLessThan(1e-5);
          start += length;
          expect(cache.length).toBe(start);
        }
        cache.reset();
      }
      cache.dispose();
      model.dispose();
    });
  });

  it("keeps memory flat, and refuses positions beyond its length with nothing changed", () => {
    manualSeed(4);
    const model = new Gpt(false).eval();
    const cache = new nn.KVCache(12);
    const bytes: number[] = [];
    scope(() => {
      const x = randn([1, 1, 8]);
      for (let i = 0; i < 12; i++) {
        noGrad(() => model.forward(x, cache)).dispose();
        bytes.push(memory().live);
      }
      const call = (): Tensor => noGrad(() => model.forward(x.expand([1, 2, 8]), cache));
      cache.reset();
      for (let i = 0; i < 6; i++) noGrad(() => call()).dispose();
      expect(() => call()).toThrow(/position 13 is outside \[0, 11\]/);
      const layer = model.blocks[0] as nn.TransformerEncoderLayer;
      expect(() => noGrad(() => layer.forward(x, { isCausal: true, cache }))).toThrow(
        /KVCache: position 12 is beyond maxLength 12/,
      );
      expect(cache.length).toBe(12);
      expect(memory().live).toBe(bytes[11]);
      expect(() => layer.forward(x, { cache })).toThrow(/call the model inside noGrad/);
    });
    expect(new Set(bytes).size).toBe(1);
    cache.dispose();
    model.dispose();
  });

  it("lets rows go on from others", () => {
    scope(() => {
      manualSeed(5);
      const model = new Gpt(true).eval();
      const cache = new nn.KVCache(12);
      const x = randn([2, 4, 8]);
      const next = randn([3, 1, 8]);
      const [row, other] = [
        x.narrow({ dim: 0, start: 1, length: 1 }),
        x.narrow({ dim: 0, start: 0, length: 1 }),
      ];
      noGrad(() => model.forward(x, cache));
      expect(() => noGrad(() => model.forward(next, cache))).toThrow(
        /holds keys \[2, 2, 12, 4\].*\[3, 2, 12, 4\]/,
      );
      cache.reorder(tensor([1, 0, 1], { dtype: "i32" }));
      const y = noGrad(() => model.forward(next, cache));
      for (const [i, past] of [row, other, row].entries()) {
        const line = tensor([...numbers(past), ...numbers(next.select(0, i))], { shape: [1, 5, 8] });
        const alone = noGrad(() => model.forward(line)).select(1, 4);
        expect(farthest(y.select(0, i), alone)).toBeLessThan(1e-5);
      }
      cache.dispose();
      model.dispose();
    });
  });

  it("works in a decoder, too", () => {
    scope(() => {
      manualSeed(6);
      const layer = new nn.TransformerDecoderLayer(8, 2, { dimFeedforward: 8 });
      const decoder = new nn.TransformerDecoder(layer, 2).eval();
      const [target, memories] = [randn([4, 2, 8]), randn([3, 2, 8])];
      const cache = new nn.KVCache(4);
      const whole = noGrad(() => decoder.forward(target, memories, { tgtIsCausal: true }));
      for (let i = 0; i < 4; i++) {
        const at = { dim: 0, start: i, length: 1 };
        const y = noGrad(() => decoder.forward(target.narrow(at), memories, { tgtIsCausal: true, cache }));
        expect(farthest(y, whole.narrow(at))).toBeLessThan(1e-5);
      }
      cache.dispose();
      decoder.dispose();
    });
  });
});
