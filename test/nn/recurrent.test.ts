import { describe, expect, it } from "vitest";
import {
  manualSeed,
  memory,
  nn,
  noGrad,
  randn,
  scope,
  stack,
  sum,
  tensor,
  type Tensor,
} from "../../src/index.ts";

const numbers = (t: Tensor): number[] => Array.from(t.data);

describe("recurrent modules", () => {
  it("name their parameters as PyTorch does", () => {
    const names = (m: nn.Module): string[] => Object.keys(m.stateDict());
    expect(names(new nn.LSTM(3, 4, { numLayers: 2 }))).toEqual([
      ...["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"],
      ...["weight_ih_l1", "weight_hh_l1", "bias_ih_l1", "bias_hh_l1"],
    ]);
    expect(names(new nn.GRU(3, 4, { bidirectional: true, bias: false }))).toEqual([
      ...["weight_ih_l0", "weight_hh_l0", "weight_ih_l0_reverse", "weight_hh_l0_reverse"],
    ]);
    expect(names(new nn.GRUCell(3, 4))).toEqual(["weight_ih", "weight_hh", "bias_ih", "bias_hh"]);
    expect(String(new nn.LSTM(3, 4, { numLayers: 2, batchFirst: true }))).toBe(
      "LSTM(3, 4, numLayers: 2, batchFirst: true)",
    );
  });

  it("start uniform in ±1/√hidden", () => {
    scope(() => {
      const layer = new nn.RNN(20, 25);
      for (const t of layer.parameters()) {
        const largest = Math.max(...numbers(t).map(Math.abs));
        expect(largest).toBeLessThanOrEqual(0.2);
        expect(largest).toBeGreaterThan(0.15);
      }
      layer.dispose();
    });
  });

  it("drop in training only, and take sequences of several lengths", () => {
    scope(() => {
      manualSeed(1);
      const layer = new nn.GRU(3, 4, { numLayers: 2, dropout: 0.8, batchFirst: true });
      const x = randn([2, 5, 3]);
      const run = (): number[] => numbers(layer.forward(x)[0]);
      expect(run()).not.toEqual(run());
      layer.eval();
      expect(run()).toEqual(run());
      const [y, hn] = layer.forward(x, null, { lengths: [2, 5] });
      expect(numbers(y).slice(8, 20)).toEqual(new Array(12).fill(0));
      expect(numbers(hn).slice(8, 12)).toEqual(numbers(y).slice(4, 8));
      layer.dispose();
    });
  });

  it.each(["RNN", "GRU", "LSTM"] as const)("%sCell makes the steps that %s makes", (kind) => {
    scope(() => {
      manualSeed(2);
      const layer = new nn[kind](3, 4);
      const cell = new nn[`${kind}Cell`](3, 4);
      cell.loadStateDict(
        Object.fromEntries(
          Object.entries(layer.stateDict()).map(([name, t]) => [name.replace("_l0", ""), t]),
        ),
      );
      const x = randn([5, 2, 3]);
      let state: Tensor | [Tensor, Tensor] | null = null;
      const outputs: Tensor[] = [];
      for (let t = 0; t < 5; t++) {
        state = (cell.forward as (x: Tensor, s: unknown) => Tensor | [Tensor, Tensor]).call(
          cell,
          x.select(0, t),
          state,
        );
        outputs.push(Array.isArray(state) ? state[0] : state);
      }
      expect(numbers(stack(outputs))).toEqual(numbers(layer.forward(x)[0]));
      layer.dispose();
      cell.dispose();
    });
  });

  it("keeps memory flat over truncated steps whose state is carried over", () => {
    manualSeed(3);
    const layer = new nn.LSTM(3, 4, { batchFirst: true });
    let state: [Tensor, Tensor] | null = null;
    const live: number[] = [];
    for (let i = 0; i < 30; i++) {
      const [y, next]: [Tensor, [Tensor, Tensor]] = layer.forward(randn([2, 5, 3]), state);
      sum(y).backward();
      layer.zeroGrad();
      state = next.map((t) => t.detach()) as [Tensor, Tensor];
      live.push(memory().live);
    }
    expect(live.at(-1)).toBe(live[12]);
    layer.dispose();
  });
});

describe("MultiheadAttention", () => {
  it("names its parameters as PyTorch does", () => {
    expect(Object.keys(new nn.MultiheadAttention(8, 2).stateDict())).toEqual([
      ...["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"],
    ]);
    expect(Object.keys(new nn.MultiheadAttention(8, 2, { kdim: 3, bias: false }).stateDict())).toEqual([
      ...["q_proj_weight", "k_proj_weight", "v_proj_weight", "out_proj.weight"],
    ]);
  });

  it("leaves out what the masks name, in any layout", () => {
    scope(() => {
      manualSeed(4);
      const layer = new nn.MultiheadAttention(8, 2, { batchFirst: true });
      const [q, kv] = [randn([2, 3, 8]), randn([2, 4, 8])];
      const keyPaddingMask = tensor([
        [false, false, false, true],
        [false, true, false, true],
      ]);
      const attnMask = tensor([
        [false, true, false, false],
        [false, false, false, false],
        [true, false, false, false],
      ]);
      const [y, weights] = noGrad(() => layer.forward(q, kv, kv, { keyPaddingMask, attnMask })) as [
        Tensor,
        Tensor,
      ];
      expect(weights.shape).toEqual([2, 3, 4]);
      const hidden = [3, 7, 11, 13, 15, 17, 19, 21, 23, 1, 8, 20];
      const seen = numbers(weights);
      expect(seen.flatMap((w, i) => (w === 0 ? [i] : []))).toEqual(
        [...new Set(hidden)].sort((a, b) => a - b),
      );
      // The same without a batch, by each head, with added masks.
      const added = attnMask.to("f32").mul(-1e30);
      const [alone, each] = noGrad(() =>
        layer.forward(q.select(0, 1), kv.select(0, 1), kv.select(0, 1), {
          keyPaddingMask: keyPaddingMask.select(0, 1),
          attnMask: added,
          averageAttnWeights: false,
        }),
      ) as [Tensor, Tensor];
      expect(alone.shape).toEqual([3, 8]);
      expect(each.shape).toEqual([2, 3, 4]);
      numbers(alone).forEach((v, i) => {
        expect(v).toBeCloseTo(numbers(y.select(0, 1))[i] as number, 5);
      });
      layer.dispose();
    });
  });

  it("refuses what does not fit", () => {
    expect(() => new nn.MultiheadAttention(8, 3)).toThrow(/embedDim must be a multiple of numHeads/);
    scope(() => {
      const layer = new nn.MultiheadAttention(4, 2);
      const x = randn([3, 1, 4]);
      expect(() => layer.forward(x, x.select(1, 0), x)).toThrow(/must all have 3 dimensions/);
      expect(() => layer.forward(x, x, x, { attnMask: tensor([[true]]) })).toThrow(
        /attnMask must be \[3, 3\]/,
      );
      expect(() => layer.forward(x, x, x, { keyPaddingMask: tensor([true]) })).toThrow(
        /keyPaddingMask must be \[1, 3\]/,
      );
      layer.dispose();
    });
  });
});
