import { describe, expect, it } from "vitest";
import { nn, ones, randn, sum, tensor, zeros, type Tensor } from "../../src/index.ts";

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
