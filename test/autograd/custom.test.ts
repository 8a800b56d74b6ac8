import { describe, expect, it } from "vitest";
import {
  AutogradError,
  checkpoint,
  customFunction,
  DTypeError,
  exp,
  grad,
  gradcheck,
  gradgradcheck,
  memory,
  mul,
  noGrad,
  ones,
  randn,
  ShapeError,
  tensor,
  zeros,
  type FunctionContext,
  type Tensor,
} from "../../src/index.ts";
import { expectNoLeaks, inScope } from "./leaks.ts";

expectNoLeaks();

const cube = customFunction({
  name: "cube",
  forward(ctx: FunctionContext, x: Tensor, scale: number) {
    ctx.saveForBackward(x);
    return x.mul(x).mul(x).mul(scale);
  },
  backward(ctx: FunctionContext, g: Tensor) {
    const [x] = ctx.savedTensors as [Tensor];
    return [g.mul(x.square()).mul(3 * (ctx.args[1] as number)), null];
  },
});

/** Saves its result, as exp does. */
const ownExp = customFunction({
  forward(ctx: FunctionContext, x: Tensor) {
    const y = exp(x);
    ctx.saveForBackward(y);
    return y;
  },
  backward: (ctx: FunctionContext, g: Tensor) => g.mul(ctx.savedTensors[0] as Tensor),
});

/** Two inputs, two results, a value made on the way. */
const polar = customFunction({
  name: "polar",
  forward(ctx: FunctionContext, x: Tensor, y: Tensor): [Tensor, Tensor] {
    const both = mul(x, y);
    ctx.saveForBackward(x, y, both);
    return [both, x.add(y)];
  },
  backward(ctx: FunctionContext, gp: Tensor, gs: Tensor) {
    const [x, y, both] = ctx.savedTensors as [Tensor, Tensor, Tensor];
    expect(both.shape).toEqual(x.shape);
    return [
      ctx.needsInputGrad[0] ? gp.mul(y).add(gs) : null,
      ctx.needsInputGrad[1] ? gp.mul(x).add(gs) : null,
    ];
  },
});

describe("customFunction", () => {
  it(
    "has the gradients that backward gives, of every order",
    inScope(() => {
      const x = randn([2, 3], { requiresGrad: true });
      const y = randn([2, 3], { requiresGrad: true });
      for (const fn of [
        (a: Tensor) => cube(a, 0.5),
        (a: Tensor) => ownExp(a),
        (a: Tensor) => polar(a, y.detach()),
        (a: Tensor) => checkpoint((t) => ownExp(cube(t, 0.5).tanh()).sin(), a),
      ]) {
        expect(gradcheck(fn, [x])).toBe(true);
        expect(gradgradcheck(fn, [x])).toBe(true);
      }
      expect(gradcheck(polar, [x, y])).toBe(true);
      expect(gradgradcheck(polar, [x, y])).toBe(true);
      const [first] = grad(cube(x, 1).sum(), x, { createGraph: true }) as [Tensor];
      const [second] = grad(first.sum(), x, { createGraph: true }) as [Tensor];
      expect(grad(second.sum(), x)[0]?.toArray()).toEqual(x.mul(0).add(6).toArray());
    }),
  );

  it(
    "gives zeros for results that backward did not reach, and tells what is needed",
    inScope(() => {
      const x = tensor([1, 2], { requiresGrad: true });
      const y = tensor([3, 4]);
      const [product] = polar(x, y);
      product.sum().backward();
      expect(x.grad?.toArray()).toEqual([3, 4]);
      expect(y.grad).toBeNull();
    }),
  );

  it(
    "keeps only what it saved, and nothing without recording",
    inScope(() => {
      const x = ones([256], { requiresGrad: true });
      const start = memory().live;
      const y = cube(x, 2);
      expect(memory().live - start).toBe(1024);
      y.dispose();
      expect(memory().live).toBe(start);
      const z = ownExp(x);
      z.sum().backward();
      expect(noGrad(() => cube(x, 2)).requiresGrad).toBe(false);
    }),
  );

  it(
    "hands an argument through as another tensor",
    inScope(() => {
      const identity = customFunction({
        forward: (_: FunctionContext, x: Tensor) => x,
        backward: (_: FunctionContext, g: Tensor) => g.mul(-1),
      });
      const x = tensor([1, 2], { requiresGrad: true });
      const y = identity(x);
      expect(y).not.toBe(x);
      y.sum().backward();
      expect(x.grad?.toArray()).toEqual([-1, -1]);
      expect(x.isLeaf).toBe(true);
    }),
  );

  it(
    "checks versions of what was saved",
    inScope(() => {
      const x = tensor([1, 2], { requiresGrad: true });
      const y = x.mul(1);
      const loss = cube(y, 1).sum();
      y.add_(1);
      expect(() => {
        loss.backward();
      }).toThrow(/cube: extra 0 of shape \[2\] was changed in place/);
      const z = ownExp(x);
      const other = z.sum();
      z.add_(1);
      expect(() => {
        other.backward();
      }).toThrow(/changed in place/);
    }),
  );

  it(
    "refuses what backward and forward must not do",
    inScope(() => {
      const x = tensor([1, 2], { requiresGrad: true });
      const withBackward = (backward: () => unknown): Tensor =>
        customFunction({
          name: "wrong",
          forward: (_: FunctionContext, a: Tensor, b: Tensor, n: number) => a.add(b).mul(n),
          backward: backward as () => Tensor,
        })(x, x, 2).sum();
      const cases: [() => unknown, new (message: string) => Error, RegExp][] = [
        [() => ones([2]), AutogradError, /must return 3 gradients, one for each argument .* got 1/],
        [() => [ones([2]), ones([2])], AutogradError, /got 2/],
        [() => [ones([3]), null, null], ShapeError, /shape \[3\] for argument 0 of shape \[2\]/],
        [() => [null, null, ones([])], AutogradError, /argument 2, which is no tensor/],
        [() => [1, null, null], AutogradError, /returned a number for argument 0/],
        [() => [zeros([2], { dtype: "i32" }), null, null], DTypeError, /gradients are f32/],
      ];
      for (const [backward, kind, says] of cases) {
        const loss = withBackward(backward);
        const run = (): void => {
          loss.backward();
        };
        expect(run).toThrow(kind);
        const again = withBackward(backward);
        expect(() => {
          again.backward();
        }).toThrow(says);
      }
      const forwards: [(ctx: FunctionContext, a: Tensor) => unknown, RegExp][] = [
        [(_, a) => a.add_(1), /forward changed argument 0 in place/],
        [() => 5, /must return a tensor or an array of tensors, got number/],
        [(ctx) => ctx.savedTensors, /in backward only/],
        [
          (ctx, a) => {
            ctx.saveForBackward(a);
            ctx.saveForBackward(a);
            return a;
          },
          /called twice/,
        ],
        [
          (ctx) => {
            ctx.saveForBackward(3 as unknown as Tensor);
          },
          /takes tensors/,
        ],
      ];
      for (const [forward, says] of forwards) {
        const fn = customFunction({
          forward: forward as (ctx: FunctionContext, a: Tensor) => Tensor,
          backward: (_: FunctionContext, g: Tensor) => g,
        });
        expect(() => fn(x.mul(1))).toThrow(says);
      }
    }),
  );
});
