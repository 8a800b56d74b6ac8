import { describe, expect, it } from "vitest";
import {
  DisposedError,
  keep,
  memory,
  nn,
  noGrad,
  ones,
  optim,
  randn,
  scope,
  tensor,
  zeros,
  type Tensor,
} from "../../src/index.ts";

const pass = (): void => {
  const w = tensor([1, 2], { requiresGrad: true });
  w.sum().backward();
  w.dispose();
};

describe("who frees what", () => {
  it("frees what scope made and did not return", () => {
    let inner: Tensor | null = null;
    const out = scope(() => {
      inner = ones([4]);
      return inner.add(1);
    });
    expect(Array.from(out.data)).toEqual([2, 2, 2, 2]);
    expect(() => (inner as unknown as Tensor).data).toThrow(DisposedError);
    expect(() => (inner as unknown as Tensor).data).toThrow(/scope/);
    out.dispose();
  });

  it("frees everything a failing scope made, and nothing else", () => {
    const outside = ones([2]);
    const before = memory().live;
    expect(() =>
      scope(() => {
        const a = ones([100]);
        return a.add(zeros([7]));
      }),
    ).toThrow(/broadcast/);
    expect(memory().live).toBe(before);
    expect(Array.from(outside.data)).toEqual([1, 1]);
    outside.dispose();
  });

  it("refuses a function that returns a promise", () => {
    expect(() => noGrad(() => Promise.resolve(1))).toThrow(TypeError);
    expect(() => scope(async () => Promise.resolve())).toThrow(/synchronous/);
  });

  it("frees idle tensors after four passes, used ones later, kept ones never", () => {
    pass();
    const idle = randn([3]);
    const used = randn([3]);
    const kept = keep(randn([3]));
    for (let i = 0; i < 5; i++) {
      pass();
      used.sum().item();
    }
    expect(() => idle.item()).toThrow(/4 backward passes/);
    expect(used.data.length).toBe(3);
    expect(kept.data.length).toBe(3);
    for (let i = 0; i < 6; i++) pass();
    expect(() => used.data).toThrow(DisposedError);
    expect(kept.data.length).toBe(3);
    kept.dispose();
    expect(() => kept.data).toThrow(/dispose\(\)/);
  });

  it("keeps what a module holds in a field until it is replaced", () => {
    class Holder extends nn.Module {
      state: Tensor | null = null;
      forward(x: Tensor): Tensor {
        return x;
      }
    }
    pass();
    const holder = new Holder();
    const first = randn([3]);
    holder.state = first;
    for (let i = 0; i < 12; i++) pass();
    expect(first.data.length).toBe(3);
    holder.state = null;
    for (let i = 0; i < 12; i++) pass();
    expect(() => first.data).toThrow(DisposedError);
  });

  it("lets a forward's intermediates be read until backward", () => {
    const seen: Tensor[] = [];
    class Net extends nn.Module {
      readonly a = new nn.Linear(3, 4);
      readonly b = new nn.Linear(4, 1);
      forward(x: Tensor): Tensor {
        const h = this.a.forward(x);
        seen.push(h);
        return this.b.forward(h.relu());
      }
    }
    const net = new Net();
    const loss = net.forward(randn([2, 3])).sum();
    expect(seen[0]?.data.length).toBe(8);
    loss.backward();
    expect(() => seen[0]?.data).toThrow(/backward/);
    net.dispose();
  });

  it("keeps parameters, gradients and optimiser state through everything", () => {
    const layer = new nn.Linear(3, 2);
    const optimizer = new optim.Adam(layer.parameters());
    for (let i = 0; i < 20; i++) {
      if (i % 10 === 0) optimizer.zeroGrad();
      layer
        .forward(ones([1, 3]))
        .sum()
        .backward();
    }
    expect(layer.weight.grad?.data[0]).toBe(10);
    optimizer.step();
    expect(layer.weight.data.every(Number.isFinite)).toBe(true);
    layer.dispose();
  });

  it("names what freed a tensor and the way out", () => {
    const t = ones([2, 3]);
    t.dispose();
    expect(() => t.add(1)).toThrow(
      "add: this tensor of shape [2, 3] and dtype f32 was freed by dispose(); clone() it before",
    );
    t.dispose(); // twice is harmless
  });
});
