import { describe, expect, it } from "vitest";
import { manualSeed, nn, ones, randn, tensor, zeros, type Tensor } from "../../src/index.ts";

const cnn = (): nn.Sequential =>
  new nn.Sequential(
    new nn.Conv2d(1, 4, 3, { padding: 1 }),
    new nn.BatchNorm2d(4),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Dropout(0.5),
    new nn.Linear(64, 10),
  );

describe("Module", () => {
  it("names parameters and buffers as PyTorch does, frozen ones too", () => {
    const model = cnn();
    expect(Object.keys(model.stateDict())).toEqual([
      "0.weight",
      "0.bias",
      "1.weight",
      "1.bias",
      "1.running_mean",
      "1.running_var",
      "1.num_batches_tracked",
      "6.weight",
      "6.bias",
    ]);
    expect([...model.namedParameters()].length).toBe(6);
    model.requiresGrad_(false);
    expect(Object.keys(model.stateDict()).length).toBe(9);
    expect(model.forward(randn([2, 1, 8, 8])).requiresGrad).toBe(false);
    model.dispose();
  });

  it("finds modules in fields and in arrays in fields", () => {
    class Net extends nn.Module {
      readonly blocks = [new nn.Linear(2, 2), new nn.Linear(2, 2)];
      readonly head = new nn.Linear(2, 1);
      forward(x: Tensor): Tensor {
        return this.head.forward(this.blocks.reduce((h, block) => block.forward(h), x));
      }
    }
    const net = new Net();
    expect(Object.keys(net.stateDict())).toEqual([
      "blocks.0.weight",
      "blocks.0.bias",
      "blocks.1.weight",
      "blocks.1.bias",
      "head.weight",
      "head.bias",
    ]);
    expect(net.toString()).toContain("(head): Linear(2, 1)");
    net.dispose();
  });

  it("loadStateDict copies all or nothing", () => {
    const a = new nn.Linear(2, 3);
    const b = new nn.Linear(2, 3);
    b.loadStateDict(a.stateDict());
    expect(b.weight.toArray()).toEqual(a.weight.toArray());
    const before = b.bias?.toArray();
    expect(() => b.loadStateDict({ weight: ones([2, 3]), bias: zeros([3]) })).toThrow(
      "loadStateDict: weight is [3, 2] here and [2, 3] in the state",
    );
    expect(() => b.loadStateDict({ weight: ones([3, 2]), bais: zeros([3]) })).toThrow(
      /missing: bias; unexpected: bais/,
    );
    expect(b.bias?.toArray()).toEqual(before);
    expect(b.loadStateDict({ bias: zeros([3]), extra: zeros([1]) }, { strict: false })).toEqual({
      missing: ["weight"],
      unexpected: ["extra"],
    });
    expect(b.bias?.toArray()).toEqual([0, 0, 0]);
  });

  it("train and eval reach every layer", () => {
    manualSeed(3);
    const model = cnn();
    const x = randn([4, 1, 8, 8]);
    const counter = model.stateDict()["1.num_batches_tracked"] as Tensor;
    model.forward(x);
    expect(counter.item()).toBe(1);
    model.eval();
    expect(model.forward(x).toArray()).toEqual(model.forward(x).toArray());
    expect(counter.item()).toBe(1);
    model.train();
    expect(model.forward(x).toArray()).not.toEqual(model.forward(x).toArray());
    model.dispose();
  });

  it("summary shows layers, shapes and parameters, and leaves the model as it was", () => {
    const model = cnn();
    const text = model.summary([2, 1, 8, 8]);
    expect(text).toContain("[2, 4, 8, 8]");
    expect(text).toMatch(/6\s+Linear\s+\[2, 10\]\s+650/);
    expect(text).toContain("parameters: 698 (698 trainable)");
    expect(model.at(1)?.training).toBe(true);
    expect(Object.hasOwn(model, "forward")).toBe(false);
    model.dispose();
  });

  it("refuses sizes that make no sense", () => {
    expect(() => new nn.Linear(0, 3)).toThrow("Linear: inFeatures must be a whole number ≥ 1, got 0");
    expect(() => new nn.Conv2d(3, 4, 3, { groups: 2 })).toThrow(/groups 2 must divide inChannels 3/);
    expect(() => new nn.Conv2d(1, 1, 0)).toThrow(/kernelSize must be whole numbers ≥ 1/);
    expect(() => new nn.Dropout(2)).toThrow(/p must lie in \[0, 1\]/);
    expect(() => new nn.BatchNorm1d(2, { eps: NaN })).toThrow(/eps must be > 0, got NaN/);
    expect(() => new nn.BatchNorm2d(2).forward(ones([2, 2]))).toThrow(
      "BatchNorm2d: takes [n, c, h, w], got [2, 2]",
    );
    expect(() => new nn.Linear(4, 2).forward(ones([1, 3]))).toThrow(/linear: the input's last dimension/);
  });

  it("initialises as PyTorch does: uniform in ±1/√fan in", () => {
    manualSeed(5);
    const layer = new nn.Linear(400, 300);
    const bound = 1 / Math.sqrt(400);
    const data = Array.from(layer.weight.data);
    expect(Math.max(...data)).toBeLessThan(bound);
    expect(Math.max(...data)).toBeGreaterThan(0.99 * bound);
    const mean = data.reduce((a, b) => a + b, 0) / data.length;
    expect(Math.abs(mean)).toBeLessThan(0.001);
    const conv = new nn.Conv2d(8, 16, 3);
    expect(Math.max(...conv.weight.data)).toBeLessThan(1 / Math.sqrt(72));
    expect(tensor([1]).item()).toBe(1);
  });
});
