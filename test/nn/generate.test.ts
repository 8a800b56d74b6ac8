import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  embedding,
  log,
  manualSeed,
  memory,
  nn,
  noGrad,
  randn,
  scope,
  tensor,
  zeros,
  type Tensor,
} from "../../src/index.ts";

let live = 0;
beforeEach(() => {
  live = memory().live;
});
afterEach(() => {
  expect(memory().live).toBe(live);
});

/** How often each token came in `draws` draws from one row of logits. */
function counts(logits: number[], draws: number, options: nn.SampleOptions = {}): number[] {
  return scope(() => {
    const rows = tensor(logits).expand([draws, logits.length]);
    const seen = new Array<number>(logits.length).fill(0);
    for (const token of nn.sample(rows, options).data) seen[token] = (seen[token] as number) + 1;
    return seen;
  });
}

/** Σ (seen − expected)² / expected over what can come. */
const chiSquare = (seen: readonly number[], p: readonly number[], draws: number): number =>
  p.reduce((sum, q, i) => sum + (q === 0 ? 0 : ((seen[i] as number) - q * draws) ** 2 / (q * draws)), 0);

const softmaxOf = (logits: readonly number[]): number[] => {
  const exps = logits.map(Math.exp);
  const total = exps.reduce((a, b) => a + b, 0);
  return exps.map((e) => e / total);
};

describe("sample", () => {
  const LOGITS = [1, -1, 0.5, 2, 0, -2];
  const DRAWS = 40000;

  it("draws by the softmax of the logits over the temperature", () => {
    manualSeed(1);
    for (const temperature of [1, 0.5, 2]) {
      const seen = counts(LOGITS, DRAWS, { temperature });
      // 99.9 % of χ² with 5 degrees of freedom.
      expect(chiSquare(seen, softmaxOf(LOGITS.map((l) => l / temperature)), DRAWS)).toBeLessThan(20.5);
    }
    expect(counts(LOGITS, 100, { temperature: 0 })[3]).toBe(100);
    expect(counts(LOGITS, 100, { temperature: 1e-40 })[3]).toBe(100);
  });

  it("never gives a token that topK or topP leaves out, and the others in proportion", () => {
    manualSeed(2);
    const p = softmaxOf(LOGITS);
    const check = (options: nn.SampleOptions, kept: number[]): void => {
      const total = kept.reduce((sum, i) => sum + (p[i] as number), 0);
      const expected = p.map((q, i) => (kept.includes(i) ? q / total : 0));
      const seen = counts(LOGITS, DRAWS, options);
      expect(seen.flatMap((n, i) => (n > 0 ? [i] : []))).toEqual(kept);
      expect(chiSquare(seen, expected, DRAWS)).toBeLessThan(16.3);
    };
    check({ topK: 3 }, [0, 2, 3]);
    // The likeliest have 0.54, 0.2, 0.12 and 0.07.
    check({ topP: 0.6 }, [0, 3]);
    check({ topP: 0.8 }, [0, 2, 3]);
    check({ topK: 2, topP: 0.75 }, [0, 3]);
    check({ topK: 2, topP: 0.7 }, [3]);
    check({ topK: 100, topP: 1 }, [0, 1, 2, 3, 4, 5]);
    check({ topP: 1e-9 }, [3]);
    // Of equal ones topK keeps the first.
    expect(counts([0, 0, 0, 0], 1000, { topK: 2 }).map((n) => n > 0)).toEqual([true, true, false, false]);
    // What is hidden never comes.
    expect(counts([0, -Infinity, 1], 5000)[1]).toBe(0);
  });

  it("repeats by its seed, row by row in any shape", () => {
    scope(() => {
      const logits = randn([2, 3, 7]);
      manualSeed(3);
      const first = nn.sample(logits, { topK: 5 });
      manualSeed(3);
      expect(nn.sample(logits, { topK: 5 }).toArray()).toEqual(first.toArray());
      expect([first.shape, first.dtype]).toEqual([[2, 3], "i32"]);
      expect(nn.sample(tensor([0, 3]), { temperature: 0 }).item()).toBe(1);
    });
  });

  it("refuses what makes no sense", () => {
    scope(() => {
      const logits = tensor([1, 2]);
      const refused: [nn.SampleOptions, RegExp][] = [
        [{ temperature: -1 }, /sample: temperature must be a finite number ≥ 0, got -1/],
        [{ topK: 0 }, /sample: topK must be a whole number ≥ 1, got 0/],
        [{ topP: 0 }, /sample: topP must be above 0 and at most 1, got 0/],
      ];
      for (const [options, message] of refused) expect(() => nn.sample(logits, options)).toThrow(message);
      for (const bad of [NaN, Infinity])
        expect(() => nn.sample(tensor([1, bad]))).toThrow(/sample: a row of logits has NaN/);
      expect(() => nn.sample(tensor([-Infinity, -Infinity]))).toThrow(/nothing but −∞/);
      expect(() => nn.sample(zeros([2, 0]))).toThrow(
        /sample: takes logits \[..., vocabulary\], got \[2, 0\]/,
      );
    });
  });
});

/** A Markov chain over 4 tokens: the likeliest first step leads where all further ones are unlikely. */
const CHAIN = [
  [0.02, 0.5, 0.38, 0.1],
  [0.25, 0.25, 0.26, 0.24],
  [0.02, 0.03, 0.05, 0.9],
  [0.05, 0.05, 0.85, 0.05],
];

/** Logits of the next token by the last one. */
const chain =
  (table: Tensor): nn.Step<never> =>
  (tokens) =>
    embedding(tokens.select(1, -1), table);

/** Every text of `length` tokens behind 0, with its log-probability, the likeliest first; texts end early at `stop`. */
function everyPath(length: number, stop = -1): { tokens: number[]; logProb: number }[] {
  let paths = [{ tokens: [0], logProb: 0 }];
  for (let i = 0; i < length; i++) {
    paths = paths.flatMap((path) => {
      const last = path.tokens.at(-1) as number;
      if (last === stop) return [path];
      return (CHAIN[last] as number[]).map((p, token) => ({
        tokens: [...path.tokens, token],
        logProb: path.logProb + Math.log(p),
      }));
    });
  }
  return paths.sort((a, b) => b.logProb - a.logProb);
}

describe("beamSearch", () => {
  it("finds the best paths that brute force finds, and greedy does not", () => {
    scope(() => {
      const step = chain(log(tensor(CHAIN)));
      const all = everyPath(5);
      const found = nn.beamSearch(step, [0], { beams: 4, maxNewTokens: 5 });
      for (const [i, beam] of found.slice(0, 2).entries()) {
        expect(Array.from(beam.tokens)).toEqual(all[i]?.tokens);
        expect(beam.logProb).toBeCloseTo(all[i]?.logProb as number, 5);
        expect(beam.score).toBeCloseTo(beam.logProb / 5, 6);
      }
      expect(found.length).toBe(4);
      const [greedy] = nn.beamSearch(step, [0], { beams: 1, maxNewTokens: 5 });
      const walked = nn.generate(step, [0], { maxNewTokens: 5, temperature: 0 });
      expect(greedy?.tokens).toEqual(walked);
      expect(Array.from(walked)).not.toEqual(all[0]?.tokens);
    });
  });

  it("weighs texts of several lengths", () => {
    scope(() => {
      const step = chain(log(tensor(CHAIN)));
      for (const lengthPenalty of [0, 0.5, 1, 2]) {
        const score = (path: { tokens: number[]; logProb: number }): number =>
          path.logProb / (path.tokens.length - 1) ** lengthPenalty;
        const expected = everyPath(4, 3).sort((a, b) => score(b) - score(a));
        const found = nn.beamSearch(step, [0], { beams: 40, maxNewTokens: 4, stop: 3, lengthPenalty });
        expect(found.length).toBe(40);
        for (const [i, beam] of found.slice(0, 10).entries()) {
          expect(beam.score).toBeCloseTo(score(expected[i] as { tokens: number[]; logProb: number }), 5);
        }
        expect(Array.from((found[0] as nn.Beam).tokens)).toEqual(expected[0]?.tokens);
      }
    });
  });

  it("ends once nothing open can get better", () => {
    scope(() => {
      let calls = 0;
      const table = log(tensor(CHAIN));
      const step: nn.Step<never> = (tokens, context) => {
        calls++;
        return chain(table)(tokens, context);
      };
      nn.beamSearch(step, [2], { beams: 1, maxNewTokens: 100, stop: 3, lengthPenalty: 0 });
      expect(calls).toBe(1);
    });
  });

  it("takes the state to its rows", () => {
    scope(() => {
      // The state is the whole text: with it lost or mixed up, a step would not see what `sequence` says.
      const table = log(tensor(CHAIN));
      const step: nn.Step<{ seen: Tensor }> = (tokens, { state, sequence, rows }) => {
        const past = state && (rows ? state.seen.indexSelect(rows, { dim: 0 }) : state.seen);
        const seen = past
          ? tensor(
              [...past.unbind({ dim: 0 }).entries()].flatMap(([i, p]) => [
                ...p.data,
                ...tokens.select(0, i).data,
              ]),
              { shape: sequence.shape, dtype: "i32" },
            )
          : tokens.clone();
        expect(seen.toArray()).toEqual(sequence.toArray());
        return [embedding(tokens.select(1, -1), table), { seen }];
      };
      const [best] = nn.beamSearch(step, [1, 0], { beams: 3, maxNewTokens: 4 });
      expect(Array.from((best as nn.Beam).tokens)).toEqual([1, ...(everyPath(4)[0]?.tokens ?? [])]);
    });
  });
});

describe("generate", () => {
  it("stops at a token, tells each, and can be walked through", () => {
    scope(() => {
      manualSeed(4);
      const step = chain(log(tensor(CHAIN)));
      const told: number[] = [];
      const tokens = nn.generate(step, [0], { maxNewTokens: 500, stop: [3], onToken: (t) => told.push(t) });
      expect(Array.from(tokens)).toEqual([0, ...told]);
      expect(told.indexOf(3)).toBe(told.length - 1);
      manualSeed(4);
      expect([...nn.stream(step, [0], { maxNewTokens: 500, stop: 3 })]).toEqual(told);
      for (const _ of nn.stream(step, [0], { maxNewTokens: 500 })) break;
    });
  });

  it("carries a recurrent state, and frees it", () => {
    scope(() => {
      manualSeed(5);
      const model = new nn.LSTM(4, 4, { batchFirst: true });
      const table = randn([4, 4]);
      const step: nn.Step<[Tensor, Tensor]> = (tokens, { state }) =>
        model.forward(embedding(tokens, table), state);
      const bytes: number[] = [];
      const options = { maxNewTokens: 8, temperature: 0 };
      const tokens = nn.generate(step, [1, 2], { ...options, onToken: () => bytes.push(memory().live) });
      expect(new Set(bytes).size).toBe(1);
      // Greedy by looking at the whole text each time.
      const anew: nn.Step<never> = (_, { sequence }) => model.forward(embedding(sequence, table))[0];
      expect(tokens).toEqual(nn.generate(anew, [1, 2], options));
      expect(
        noGrad(() => model.forward(embedding(tensor([[1, 2]], { dtype: "i32" }), table))[0].shape),
      ).toEqual([1, 2, 4]);
      model.dispose();
    });
  });

  it("writes with a cache what it writes without, beams too", () => {
    scope(() => {
      manualSeed(6);
      const options = { dimFeedforward: 16, normFirst: true, batchFirst: true, rotary: true };
      const block = new nn.TransformerEncoderLayer(8, 2, options).eval();
      const head = new nn.Linear(8, 6);
      const table = randn([6, 8]);
      const cache = new nn.KVCache(16);
      const cached: nn.Step<never> = (tokens, { rows }) => {
        if (rows) cache.reorder(rows);
        return head.forward(block.forward(embedding(tokens, table), { isCausal: true, cache }));
      };
      const anew: nn.Step<never> = (_, { sequence }) =>
        head.forward(block.forward(embedding(sequence, table), { isCausal: true }));
      const prompt = [3, 1, 4, 1, 5];
      const greedy = { maxNewTokens: 10, temperature: 0 };
      expect(nn.generate(cached, prompt, greedy)).toEqual(nn.generate(anew, prompt, greedy));
      cache.reset();
      const beams = { maxNewTokens: 6, beams: 3 };
      const [a, b] = [cached, anew].map((step) =>
        nn.beamSearch(step, prompt, beams).map((beam) => Array.from(beam.tokens)),
      );
      expect(a).toEqual(b);
      cache.dispose();
      block.dispose();
      head.dispose();
    });
  });

  it("refuses what makes no sense, and frees the state of a step that fails", () => {
    scope(() => {
      const step = chain(log(tensor(CHAIN)));
      const run =
        (prompt: number[], options: object = {}) =>
        () =>
          nn.generate(step, prompt, { maxNewTokens: 3, ...options });
      expect(run([])).toThrow(/generate: the prompt is empty/);
      expect(run([1, 0.5])).toThrow(/tokens are whole numbers ≥ 0, got 0.5 at position 1/);
      expect(run([1], { maxNewTokens: 0 })).toThrow(/maxNewTokens must be a whole number ≥ 1, got 0/);
      expect(run([9])).toThrow(/index 9/);
      expect(() => nn.generate(() => zeros([3]), [1], { maxNewTokens: 1 })).toThrow(
        /generate: a step gives logits \[1, vocabulary\] or \[1, time, vocabulary\], got \[3\]/,
      );
      expect(() => nn.beamSearch(step, [0], { beams: 0, maxNewTokens: 1 })).toThrow(/beams must be .* got 0/);
      const nan: nn.Step<never> = () => tensor([[NaN, 0]]);
      expect(() => nn.beamSearch(nan, [0], { beams: 1, maxNewTokens: 1 })).toThrow(
        /beamSearch: a row of logits/,
      );
      const failing: nn.Step<Tensor> = (_, { state }) => {
        if (state) throw new Error("no more");
        return [zeros([1, 2]), randn([100])];
      };
      expect(() => nn.generate(failing, [0], { maxNewTokens: 3 })).toThrow("no more");
    });
  });
});

describe("SwiGLU", () => {
  it("gates its hidden features", () => {
    scope(() => {
      manualSeed(7);
      const layer = new nn.SwiGLU(3, 5);
      const x = randn([2, 4, 3]);
      const y = layer.forward(x);
      expect(Object.keys(layer.stateDict())).toEqual([
        "gate_proj.weight",
        "up_proj.weight",
        "down_proj.weight",
      ]);
      const rows = (t: Tensor): number[][] => t.toArray() as number[][];
      const times = (w: Tensor, v: readonly number[]): number[] =>
        rows(w).map((row) => row.reduce((sum, a, i) => sum + a * (v[i] as number), 0));
      const input = rows(x.select(0, 1))[2] as number[];
      const gate = times(layer.gate_proj.weight, input);
      const up = times(layer.up_proj.weight, input);
      const hidden = gate.map((g, i) => (g / (1 + Math.exp(-g))) * (up[i] as number));
      const expected = times(layer.down_proj.weight, hidden);
      for (const [i, v] of (rows(y.select(0, 1))[2] as number[]).entries())
        expect(v).toBeCloseTo(expected[i] as number, 5);
      expect(layer.config()).toEqual([3, 5, { bias: false }]);
      layer.dispose();
    });
  });
});
