import { describe, expect, it } from "vitest";
import {
  grad,
  isGradEnabled,
  maxPool2d,
  memory,
  noGrad,
  ones,
  randn,
  scope,
  sum,
  tensor,
  zeros,
} from "../../src/index.ts";

describe("backward", () => {
  it("accumulates into leaves, over paths and over passes", () => {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const y = x.mul(x).add(x);
    y.sum().backward();
    expect(x.grad?.toArray()).toEqual([3, 5, 7]);
    x.sum().backward();
    expect(x.grad?.toArray()).toEqual([4, 6, 8]);
  });

  it("gives leaves gradients of their own, never shared ones", () => {
    const a = tensor([1, 2], { requiresGrad: true });
    const b = tensor([3, 4], { requiresGrad: true });
    a.add(b).sum().backward();
    noGrad(() => a.grad?.mul_(10));
    expect(a.grad?.toArray()).toEqual([10, 10]);
    expect(b.grad?.toArray()).toEqual([1, 1]);
  });

  it("refuses a second pass over a consumed graph, and allows it with retainGraph", () => {
    const x = tensor([2], { requiresGrad: true });
    const y = x.mul(x);
    y.backward({ retainGraph: true });
    y.backward();
    expect(x.grad?.item()).toBe(8);
    expect(() => {
      y.backward();
    }).toThrow(/the graph of mul has been consumed.*retainGraph/);
  });

  it("explains what it cannot do", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    expect(() => {
      x.mul(2).backward();
    }).toThrow(/root must have one element, its shape is \[2\]/);
    expect(() => {
      ones([1]).backward();
    }).toThrow(/needs no gradient/);
    expect(() => {
      x.mul(2).backward({ gradient: ones([3]) });
    }).toThrow(/incoming gradient has shape \[3\], the root \[2\]/);
    expect(() => {
      x.add_(1);
    }).toThrow(/writing in place to a leaf that requires gradients/);
    const y = x.mul(2);
    expect(() => {
      y.requiresGrad = false;
    }).toThrow(/only a leaf/);
  });

  it("notices a saved value that was changed in place", () => {
    const w = tensor([1, 2], { requiresGrad: true });
    const x = tensor([3, 4]);
    const y = w.mul(x).sum();
    x.add_(1);
    expect(() => {
      y.backward();
    }).toThrow(/mul: input 1 of shape \[2\] was changed in place/);
  });

  it("noGrad records nothing and restores the mode after an error", () => {
    const x = tensor([1], { requiresGrad: true });
    expect(noGrad(() => x.mul(2)).requiresGrad).toBe(false);
    expect(() =>
      noGrad(() => {
        throw new Error("inside");
      }),
    ).toThrow("inside");
    expect(isGradEnabled()).toBe(true);
    expect(x.detach().requiresGrad).toBe(false);
  });
});

describe("grad", () => {
  it("gives gradients of leaves and of results, and touches no .grad", () => {
    const x = tensor([1, 2], { requiresGrad: true });
    const h = x.mul(x);
    const [gx, gh] = grad(h.mul(h).sum(), [x, h]);
    expect(gx?.toArray()).toEqual([4, 32]);
    expect(gh?.toArray()).toEqual([2, 8]);
    expect(x.grad).toBeNull();
  });

  it("takes gradients of gradients", () => {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const [first] = grad(x.pow(3).sum(), x, { createGraph: true });
    const [second] = grad((first as typeof x).sum(), x, { createGraph: true });
    const [third] = grad((second as typeof x).sum(), x);
    expect(second?.toArray()).toEqual([6, 12, 18]);
    expect(third?.toArray()).toEqual([6, 6, 6]);
  });

  it("leaves nothing behind in parts of the graph that lead elsewhere", () => {
    const x = tensor([2], { requiresGrad: true });
    const y = tensor([3], { requiresGrad: true });
    const live = memory().live;
    scope(() => {
      const [h, k] = [x.mul(2), y.mul(4)];
      const z = h.mul(k);
      for (let i = 0; i < 3; i++) {
        expect(grad([z, k], x, { retainGraph: true })[0]?.item()).toBe(24);
        expect(grad([z, k], y, { retainGraph: true })[0]?.item()).toBe(20);
      }
    });
    expect(memory().live).toBe(live);
  });

  it("names inputs that are not part of the graph", () => {
    const x = tensor([1], { requiresGrad: true });
    const other = tensor([1], { requiresGrad: true });
    expect(() => grad(x.mul(2), other)).toThrow(
      /input 0 is not part of the outputs' graph; pass \{ allowUnused: true \}/,
    );
    expect(grad(x.mul(2), [other, x], { allowUnused: true })[0]).toBeNull();
    expect(() => grad(x.mul(2), zeros([1]))).toThrow(/does not require gradients/);
  });
});

it("an abandoned graph frees everything with its result", () => {
  const x = randn([1, 1, 8, 8], { requiresGrad: true });
  const before = memory().live;
  scope(() => {
    sum(maxPool2d(x.mul(2).tanh(), { kernelSize: 2 }).square());
  });
  expect(memory().live).toBe(before);
});
