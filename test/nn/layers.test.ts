import { describe, expect, it } from "vitest";
import { manualSeed, nn, ones, randn, sum, tensor, zeros, type Tensor } from "../../src/index.ts";

const LAYERS: readonly [string, () => nn.Layer, readonly number[], readonly number[], readonly string[]][] = [
  ["AdaptiveAvgPool1d", () => new nn.AdaptiveAvgPool1d(2), [1, 2, 5], [1, 2, 2], []],
  ["AdaptiveAvgPool2d", () => new nn.AdaptiveAvgPool2d([null, 2]), [1, 2, 5, 5], [1, 2, 5, 2], []],
  ["AdaptiveMaxPool1d", () => new nn.AdaptiveMaxPool1d(2), [2, 5], [2, 2], []],
  ["AdaptiveMaxPool2d", () => new nn.AdaptiveMaxPool2d(1), [1, 2, 5, 5], [1, 2, 1, 1], []],
  ["AvgPool1d", () => new nn.AvgPool1d(3, { padding: 1 }), [1, 2, 6], [1, 2, 2], []],
  ["LPPool1d", () => new nn.LPPool1d(2, 3), [1, 2, 6], [1, 2, 2], []],
  ["LPPool2d", () => new nn.LPPool2d(2, [2, 3]), [1, 2, 4, 6], [1, 2, 2, 2], []],
  ["MaxPool1d", () => new nn.MaxPool1d(2, { stride: 1 }), [1, 2, 6], [1, 2, 5], []],
  [
    "Conv1d",
    () => new nn.Conv1d(4, 6, 3, { groups: 2, padding: "same" }),
    [1, 4, 5],
    [1, 6, 5],
    ["weight", "bias"],
  ],
  [
    "ConvTranspose1d",
    () => new nn.ConvTranspose1d(2, 3, 3, { bias: false }),
    [1, 2, 4],
    [1, 3, 6],
    ["weight"],
  ],
  [
    "ConvTranspose2d",
    () => new nn.ConvTranspose2d(2, 4, 2, { stride: 2, groups: 2 }),
    [1, 2, 3, 3],
    [1, 4, 6, 6],
    ["weight", "bias"],
  ],
  ["GroupNorm", () => new nn.GroupNorm(2, 4), [2, 4, 3], [2, 4, 3], ["weight", "bias"]],
  ["InstanceNorm1d", () => new nn.InstanceNorm1d(4), [4, 3], [4, 3], []],
  [
    "InstanceNorm2d",
    () => new nn.InstanceNorm2d(4, { affine: true, trackRunningStats: true }),
    [2, 4, 3, 3],
    [2, 4, 3, 3],
    ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"],
  ],
  ["LayerNorm", () => new nn.LayerNorm([4, 3]), [2, 4, 3], [2, 4, 3], ["weight", "bias"]],
  ["LocalResponseNorm", () => new nn.LocalResponseNorm(3), [2, 4, 3], [2, 4, 3], []],
  ["RMSNorm", () => new nn.RMSNorm(3), [2, 4, 3], [2, 4, 3], ["weight"]],
  ["Identity", () => new nn.Identity(), [2, 3], [2, 3], []],
  ["Fold", () => new nn.Fold([4, 4], 2, { stride: 2 }), [1, 8, 4], [1, 2, 4, 4], []],
  ["Unfold", () => new nn.Unfold(3, { padding: 1 }), [1, 2, 4, 4], [1, 18, 16], []],
  ["Upsample", () => new nn.Upsample({ scaleFactor: 2, mode: "bilinear" }), [1, 2, 3, 3], [1, 2, 6, 6], []],
];

describe("layers", () => {
  it.each(LAYERS)("%s: shape, keys and gradients", (name, make, input, output, keys) => {
    const layer = make();
    expect(Object.keys(layer.stateDict())).toEqual(keys);
    const out = layer.forward(randn(input));
    expect(out.shape).toEqual(output);
    if (keys.length > 0) {
      sum(out).backward();
      for (const t of layer.parameters()) expect(t.grad?.shape).toEqual(t.shape);
    }
    expect(layer.toString()).toContain(`${name}(`);
    layer.dispose();
  });

  it("instance norm keeps running statistics where it is asked to, and uses them in eval mode", () => {
    const layer = new nn.InstanceNorm1d(1, { trackRunningStats: true, momentum: 1, eps: 0 });
    layer.forward(tensor([[[1, 3]], [[4, 6]]]));
    expect((layer.running_mean as Tensor).item()).toBe(3.5);
    expect((layer.running_var as Tensor).item()).toBe(2);
    layer.eval();
    expect(layer.forward(tensor([[3.5, 3.5]])).toArray()).toEqual([[0, 0]]);
    expect((layer.running_mean as Tensor).item()).toBe(3.5);
    layer.dispose();
  });

  it("pad rows and images", () => {
    const row = tensor([[1, 2, 3]]);
    const padded = (layer: nn.Layer): unknown => layer.forward(row).toArray();
    expect(padded(new nn.ZeroPad1d([1, 2]))).toEqual([[0, 1, 2, 3, 0, 0]]);
    expect(padded(new nn.ConstantPad1d(1, 9))).toEqual([[9, 1, 2, 3, 9]]);
    expect(padded(new nn.ReflectionPad1d(2))).toEqual([[3, 2, 1, 2, 3, 2, 1]]);
    expect(padded(new nn.ReplicationPad1d([2, 0]))).toEqual([[1, 1, 1, 2, 3]]);
    expect(padded(new nn.CircularPad1d([1, 1]))).toEqual([[3, 1, 2, 3, 1]]);
    const image = tensor([
      [
        [1, 2],
        [3, 4],
      ],
    ]);
    const sides = [1, 0, 0, 1] as const;
    const around = (layer: nn.Layer): unknown => layer.forward(image).squeeze({ dim: 0 }).toArray();
    const whole = [
      [1, 2],
      [3, 4],
    ];
    const beside = (left: number[], below: number[]): number[][] => [
      ...whole.map((cells, i) => [left[i] as number, ...cells]),
      below,
    ];
    expect(around(new nn.ZeroPad2d(sides))).toEqual(beside([0, 0], [0, 0, 0]));
    expect(around(new nn.ConstantPad2d(sides, 7))).toEqual(beside([7, 7], [7, 7, 7]));
    expect(around(new nn.ReflectionPad2d(sides))).toEqual(beside([2, 4], [2, 1, 2]));
    expect(around(new nn.ReplicationPad2d(sides))).toEqual(beside([1, 3], [3, 3, 4]));
    expect(around(new nn.CircularPad2d(sides))).toEqual(beside([2, 4], [2, 1, 2]));
    expect(() => new nn.ZeroPad2d([1, 2] as never)).toThrow(
      "ZeroPad2d: padding must be a whole number, or 4 of them, got [1,2]",
    );
  });

  it("deal channels and pixels", () => {
    const x = tensor([[1, 2, 3, 4, 5, 6]]);
    expect(new nn.ChannelShuffle(3).forward(x).toArray()).toEqual([[1, 3, 5, 2, 4, 6]]);
    expect(() => new nn.ChannelShuffle(4).forward(x)).toThrow(/with c a multiple of 4, got \[1, 6\]/);
    const image = randn([1, 4, 2, 2]);
    const there = new nn.PixelShuffle(2).forward(image);
    expect(there.shape).toEqual([1, 1, 4, 4]);
    expect(new nn.PixelUnshuffle(2).forward(there).toArray()).toEqual(image.toArray());
    expect(new nn.Unflatten(1, [2, -1]).forward(x).toArray()).toEqual([
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ]);
    expect(() => new nn.PixelShuffle(0)).toThrow(
      "PixelShuffle: the factor must be a whole number ≥ 1, got 0",
    );
  });

  it("drop whole channels, or keep SELU's statistics", () => {
    manualSeed(1);
    const kept = new nn.Dropout2d(0.25).forward(ones([40, 50, 2, 3]));
    const totals = Array.from(sum(kept, { dim: [2, 3] }).data);
    for (const total of totals) expect([0, 8]).toContain(Math.round(total * 1e4) / 1e4);
    expect(totals.filter((total) => total === 0).length / 2000).toBeCloseTo(0.25, 1);
    expect(new nn.Dropout1d(1).forward(ones([2, 3])).toArray()).toEqual(zeros([2, 3]).toArray());
    expect(() => new nn.Dropout1d().forward(ones([2]))).toThrow(/Dropout1d: takes \[n, c, l\]/);

    const x = randn([100000]);
    const y = Array.from(new nn.AlphaDropout(0.3).forward(x).data);
    const mean = y.reduce((a, b) => a + b, 0) / y.length;
    expect(mean).toBeCloseTo(0, 1);
    expect(y.reduce((a, b) => a + (b - mean) * (b - mean), 0) / y.length).toBeCloseTo(1, 1);
    expect(new nn.AlphaDropout(1).forward(ones([2])).toArray()).toEqual([0, 0]);
    for (const layer of [new nn.Dropout1d(), new nn.Dropout2d(), new nn.AlphaDropout()])
      expect(layer.eval().forward(kept.select(0, 0)).toArray()).toEqual(kept.select(0, 0).toArray());
  });

  it("convolve depthwise by groups", () => {
    const x = randn([1, 3, 5, 5]);
    const layer = new nn.Conv2d(3, 3, 3, { groups: 3, padding: 1 });
    const y = layer.forward(x);
    expect(layer.weight.shape).toEqual([3, 1, 3, 3]);
    // Each channel by itself.
    for (let c = 0; c < 3; c++) {
      const one = new nn.Conv2d(1, 1, 3, { padding: 1 });
      const cut = { dim: 0, start: c, length: 1 };
      one.loadStateDict({
        weight: layer.weight.detach().narrow(cut),
        bias: (layer.bias as Tensor).detach().narrow(cut),
      });
      const alone = one.forward(x.narrow({ dim: 1, start: c, length: 1 }));
      Array.from(alone.data).forEach((v, i) => {
        expect(v).toBeCloseTo(y.select(1, c).data[i] as number, 5);
      });
      one.dispose();
    }
    layer.dispose();
  });

  it("refuse what they are not made for", () => {
    expect(() => new nn.GroupNorm(3, 4)).toThrow(/numGroups 3 must divide numChannels 4/);
    expect(() => new nn.GroupNorm(2, 4).forward(ones([1, 6, 2]))).toThrow(
      /takes 4 channels, got \[1, 6, 2\]/,
    );
    expect(() => new nn.InstanceNorm2d(2).forward(ones([2, 2]))).toThrow(
      "InstanceNorm2d: takes [n, 2, h, w] or [2, h, w], got [2, 2]",
    );
    expect(() => new nn.LayerNorm([2, 0])).toThrow(/normalizedShape must be a whole number ≥ 1, got 0/);
    expect(() => new nn.ConvTranspose2d(3, 4, 2, { groups: 2 })).toThrow(/groups 2 must divide inChannels 3/);
    expect(() => new nn.Conv1d(1, 1, 0)).toThrow(/kernelSize must be whole numbers ≥ 1/);
    expect(new nn.LayerNorm(3, { elementwiseAffine: false }).forward(zeros([2, 3])).toArray()).toEqual([
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });
});
