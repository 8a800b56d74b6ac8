import { describe, expect, it } from "vitest";
import {
  backward,
  crossEntropy,
  grad,
  gradcheck,
  hessian,
  hvp,
  jacobian,
  jvp,
  memory,
  mseLoss,
  nn,
  noGrad,
  ones,
  randn,
  scope,
  ShapeError,
  sum,
  tensor,
  vjp,
  type Tensor,
} from "../../src/index.ts";
import { expectNoLeaks, inScope } from "./leaks.ts";

expectNoLeaks();

function expectNear(got: ArrayLike<number>, want: ArrayLike<number>, relative: number): void {
  const scale = Math.max(...Array.from(want, Math.abs));
  expect(got.length).toBe(want.length);
  Array.from(got).forEach((g, i) => {
    expect(Math.abs(g - (want[i] as number)), `element ${i}: ${g} and ${want[i]}`).toBeLessThanOrEqual(
      relative * scale,
    );
  });
}

/** Gradients of a model's loss, one after the other. */
function flatGradients(model: nn.Module, loss: () => Tensor): Float32Array {
  model.zeroGrad();
  scope(() => {
    backward(loss());
  });
  const parts = model.parameters().map((p) => p.grad?.data ?? new Float32Array(p.size));
  model.zeroGrad();
  return Float32Array.from(parts.flatMap((part) => Array.from(part)));
}

/** H·v by double backward against the central difference of gradients along v. */
function expectHessianProducts(model: nn.Module, loss: () => Tensor): void {
  const parameters = model.parameters();
  const directions = parameters.map((p) => randn(p.shape));
  const products = scope(() => {
    const first = grad(loss(), parameters, { createGraph: true });
    return grad(first, parameters, { gradOutputs: directions });
  });
  const eps = 2e-3;
  const move = (by: number): void => {
    noGrad(() => {
      parameters.forEach((p, i) => p.add_(directions[i] as Tensor, { alpha: by }));
    });
  };
  move(eps);
  const above = flatGradients(model, loss);
  move(-2 * eps);
  const below = flatGradients(model, loss);
  move(eps);
  const want = above.map((g, i) => (g - (below[i] as number)) / (2 * eps));
  expectNear(
    products.flatMap((t) => Array.from(t.data)),
    want,
    0.02,
  );
  expect(Math.max(...want.map(Math.abs))).toBeGreaterThan(0.01);
}

describe("Hessian-vector products", () => {
  it(
    "of an MLP",
    inScope(() => {
      const model = new nn.Sequential(
        new nn.Linear(3, 8),
        new nn.Tanh(),
        new nn.Linear(8, 8),
        new nn.GELU(),
        new nn.Linear(8, 2),
      );
      const [x, y] = [randn([6, 3]), randn([6, 2])];
      expectHessianProducts(model, () => mseLoss(model.forward(x), y));
      model.dispose();
    }),
  );

  it(
    "of a CNN with batch norm, pooling and cross-entropy: fused backward kernels give way to their composed rules",
    inScope(() => {
      const model = new nn.Sequential(
        new nn.Conv2d(1, 3, 3, { padding: 1 }),
        new nn.BatchNorm2d(3),
        new nn.Tanh(),
        new nn.AvgPool2d(2),
        new nn.Flatten(),
        new nn.Linear(3 * 9, 4),
      );
      const x = randn([5, 1, 6, 6]);
      const y = tensor([0, 1, 2, 3, 1], { dtype: "i32" });
      expectHessianProducts(model, () => crossEntropy(model.forward(x), y));
      model.dispose();
    }),
  );

  it(
    "by hvp, with the value",
    inScope(() => {
      const [x, v] = [tensor([1, 2, 3]), tensor([1, -1, 0.5])];
      const [value, [product]] = hvp((t) => t.pow(3).sum(), [x], [v]) as [Tensor, [Tensor]];
      expect(value.item()).toBe(36);
      expect(product.toArray()).toEqual([6, -12, 9]);
      const [, mixed] = hvp((a, b) => a.mul(b).sum(), [x, v], [ones([3]), tensor([2, 2, 2])]);
      expect(mixed.map((t) => t.toArray())).toEqual([
        [2, 2, 2],
        [1, 1, 1],
      ]);
      const [, none] = hvp((t) => t.sum(), [x], [v]);
      expect(none[0]?.toArray()).toEqual([0, 0, 0]);
    }),
  );
});

describe("functional derivatives", () => {
  it(
    "vjp and jvp are the two sides of the Jacobian",
    inScope(() => {
      const x = randn([3]);
      const w = randn([2, 3]);
      const fn = (t: Tensor): Tensor => w.matmul(t.sin());
      const matrix = jacobian(fn, x);
      expect(matrix.shape).toEqual([2, 3]);
      expectNear(matrix.data, w.mul(x.cos()).data, 1e-6);
      const [u, v] = [randn([2]), randn([3])];
      const [value, [row]] = vjp(fn, [x], u) as [Tensor, [Tensor]];
      expectNear(value.data, fn(x).data, 1e-6);
      expectNear(row.data, u.matmul(matrix).data, 1e-5);
      expectNear(jvp(fn, [x], [v])[1].data, matrix.matmul(v).data, 1e-5);
      const y = randn([3]);
      const both = jvp((a, b) => a.mul(b), [x, y], [v, v])[1];
      expectNear(both.data, v.mul(x.add(y)).data, 1e-5);
      expect(jvp(() => ones([2]), [x], [v])[1].toArray()).toEqual([0, 0]);
    }),
  );

  it(
    "jacobian and hessian have the shapes of value and input, and every entry",
    inScope(() => {
      const x = randn([2, 2]);
      const h = hessian((t) => t.matmul(t).mul(t).sum(), x);
      expect(h.shape).toEqual([2, 2, 2, 2]);
      const flat = h.reshape([4, 4]);
      expectNear(flat.data, flat.transpose(0, 1).data, 1e-5);
      expect(hessian((t) => t.pow(3).sum(), tensor([1, 2])).toArray()).toEqual([
        [6, 0],
        [0, 12],
      ]);
      expect(jacobian((t) => t.slice({ start: 0, end: 0 }), x).shape).toEqual([0, 2, 2, 2]);
      expect(jacobian((t) => t.sum(), tensor([1, 2])).shape).toEqual([2]);
    }),
  );

  it(
    "are differentiable with createGraph",
    inScope(() => {
      const x = randn([3], { requiresGrad: true });
      const fn = (t: Tensor): Tensor => t.mul(t.sin());
      expect(gradcheck((t) => jacobian(fn, t, { createGraph: true }).square(), [x])).toBe(true);
      expect(gradcheck((t) => hvp((s) => fn(s).sum(), [t], [ones([3])], { createGraph: true })[1], [x])).toBe(
        true,
      );
      expect(gradcheck((t) => jvp(fn, [t], [ones([3])], { createGraph: true })[1], [x])).toBe(true);
      expect(gradcheck((t) => vjp(fn, [t], ones([3]), { createGraph: true })[1], [x])).toBe(true);
    }),
  );

  it(
    "leave no gradients, graph or memory behind, and work under noGrad",
    inScope(() => {
      const x = randn([16], { requiresGrad: true });
      const start = memory().live;
      const h = noGrad(() => hessian((t) => t.exp().sum(), x));
      expect(h.requiresGrad).toBe(false);
      expect(x.grad).toBeNull();
      expect(memory().live - start).toBe(16 * 16 * 4);
      h.dispose();
      expect(memory().live).toBe(start);
    }),
  );

  it(
    "refuse vectors of other shapes",
    inScope(() => {
      const x = ones([2]);
      expect(() => jvp((t) => t, [x], [ones([3])])).toThrow(ShapeError);
      expect(() => jvp((t) => t, [x], [])).toThrow(/needs one vector for each of the 1 inputs/);
      expect(() => vjp((t) => t, [x], ones([3]))).toThrow(/v must have shape \[2\]/);
      expect(() => vjp((t) => t, [x])).toThrow(/one element/);
      expect(() => hessian((t) => t, x)).toThrow(/one element/);
      expect(sum(x).item()).toBe(2);
    }),
  );
});
