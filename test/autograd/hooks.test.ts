import { describe, expect, it } from "vitest";
import { AutogradError, grad, keep, ones, tensor, type Tensor } from "../../src/index.ts";
import { expectNoLeaks, inScope } from "./leaks.ts";

expectNoLeaks();

describe("registerHook", () => {
  it(
    "runs in order, each hook on what the one before left, and replaces the gradient",
    inScope(() => {
      const x = tensor([1, 2], { requiresGrad: true });
      const h = x.mul(3);
      const seen: unknown[] = [];
      h.registerHook((g) => {
        seen.push(g.toArray());
        return g.mul(10);
      });
      h.registerHook((g) => {
        seen.push(g.toArray());
      });
      h.registerHook((g) => g.add(1));
      h.sum().backward();
      expect(seen).toEqual([
        [1, 1],
        [10, 10],
      ]);
      expect(x.grad?.toArray()).toEqual([33, 33]);
    }),
  );

  it(
    "sees a leaf's gradient once a pass, summed over its uses, before it joins .grad",
    inScope(() => {
      const x = tensor([2], { requiresGrad: true });
      const seen: number[] = [];
      const handle = x.registerHook((g) => {
        seen.push(g.item());
        return g.mul(2);
      });
      x.mul(x).add(x).sum().backward();
      expect(seen).toEqual([5]);
      expect(x.grad?.item()).toBe(10);
      x.mul(3).sum().backward();
      expect(x.grad?.item()).toBe(16);
      handle.remove();
      handle.remove();
      x.sum().backward();
      expect(seen).toEqual([5, 3]);
      expect(x.grad?.item()).toBe(17);
    }),
  );

  it(
    "removes one of two registrations of one function",
    inScope(() => {
      const x = tensor([1], { requiresGrad: true });
      let calls = 0;
      const count = (): void => {
        calls++;
      };
      const first = x.registerHook(count);
      x.registerHook(count);
      first.remove();
      x.sum().backward();
      expect(calls).toBe(1);
    }),
  );

  it(
    "applies to what grad() returns, for leaves and results",
    inScope(() => {
      const x = tensor([1, 2], { requiresGrad: true });
      const h = x.mul(x);
      h.registerHook((g) => g.mul(2));
      x.registerHook((g) => g.add(1));
      const [gx, gh] = grad(h.sum(), [x, h]);
      expect(gh?.toArray()).toEqual([2, 2]);
      expect(gx?.toArray()).toEqual([5, 9]);
    }),
  );

  it(
    "is recorded under createGraph",
    inScope(() => {
      const x = tensor([3], { requiresGrad: true });
      const y = x.mul(x);
      y.registerHook((g) => g.mul(x));
      const [first] = grad(y.sum(), x, { createGraph: true }) as [Tensor];
      expect(first.item()).toBe(18); // 2x·x
      expect(grad(first.sum(), x)[0]?.item()).toBe(12);
    }),
  );

  it(
    "lends its gradient: keep() holds on to it",
    inScope(() => {
      const x = tensor([1, 2], { requiresGrad: true });
      const lent: Tensor[] = [];
      x.mul(2).registerHook((g) => {
        lent.push(g);
      });
      const h = x.mul(2);
      h.registerHook((g) => {
        lent.push(keep(g.mul(4)), g);
      });
      h.sum().backward();
      expect(lent[0]?.toArray()).toEqual([4, 4]);
      expect(() => lent[1]?.data).toThrow(/keep\(\)/);
      lent[0]?.dispose();
    }),
  );

  it(
    "stays with the value it was registered on when that is overwritten",
    inScope(() => {
      const x = tensor([1, 2], { requiresGrad: true });
      const h = x.mul(1);
      const seen: unknown[] = [];
      h.registerHook((g) => {
        seen.push(g.toArray());
      });
      h.mul_(5);
      h.sum().backward();
      expect(seen).toEqual([[5, 5]]);
    }),
  );

  it(
    "refuses what cannot work",
    inScope(() => {
      const x = tensor([1, 2], { requiresGrad: true });
      expect(() => ones([2]).registerHook(() => undefined)).toThrow(AutogradError);
      const run = (hook: (g: Tensor) => unknown): void => {
        const h = x.mul(2);
        h.registerHook(hook as (g: Tensor) => Tensor);
        h.sum().backward();
      };
      expect(() => {
        run(() => ones([3]));
      }).toThrow(/returned shape \[3\] for a gradient of shape \[2\]/);
      expect(() => {
        run(() => 1);
      }).toThrow(/a tensor or nothing, got number/);
      expect(() => {
        run((g) => g.gt(0));
      }).toThrow(/gradients are f32, a hook returned bool/);
      expect(() => {
        run(() => {
          throw new Error("from the hook");
        });
      }).toThrow("from the hook");
      x.registerHook(() => ones([1]));
      expect(() => {
        x.mul(2).sum().backward();
      }).toThrow(/returned shape/);
    }),
  );
});

describe("retainGrad", () => {
  it(
    "keeps what the hooks leave, whenever they were registered, and adds up",
    inScope(() => {
      const x = tensor([1, 2], { requiresGrad: true });
      const h = x.mul(2);
      h.retainGrad();
      h.retainGrad();
      h.registerHook((g) => g.mul(3));
      h.sum().backward({ retainGraph: true });
      expect(h.grad?.toArray()).toEqual([3, 3]);
      expect(x.grad?.toArray()).toEqual([6, 6]);
      h.sum().backward();
      expect(h.grad?.toArray()).toEqual([6, 6]);
    }),
  );

  it(
    "does nothing on a leaf and refuses what needs no gradient",
    inScope(() => {
      const x = tensor([1], { requiresGrad: true });
      x.retainGrad();
      x.sum().backward();
      expect(x.grad?.item()).toBe(1);
      expect(() => {
        ones([1]).retainGrad();
      }).toThrow(/needs no gradient/);
    }),
  );
});
