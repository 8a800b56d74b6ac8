import { describe, expect, it } from "vitest";
import {
  add,
  AutogradError,
  batchNorm,
  conv2d,
  crossEntropy,
  customFunction,
  dropout,
  gather,
  gradcheck,
  gradgradcheck,
  manualSeed,
  matmul,
  mul,
  ones,
  permute,
  randn,
  softmax,
  sum,
  tanh,
  tensor,
  type FunctionContext,
  type Tensor,
} from "../../src/index.ts";
import type { OpRecord } from "../../src/autograd/node.ts";
import { expectNoLeaks, inScope } from "./leaks.ts";

expectNoLeaks();

const leaf = (shape: number[]): Tensor => randn(shape, { requiresGrad: true });

interface Family {
  readonly record: OpRecord<never>;
  readonly fn: (...inputs: Tensor[]) => Tensor;
  readonly inputs: () => Tensor[];
}

/** One op of each family, whose rule the tests spoil. */
const families: Record<string, Family> = {
  "element-wise": { record: tanh.record, fn: tanh, inputs: () => [leaf([3, 2])] },
  binary: {
    record: mul.record,
    fn: (a, b) => mul(a, b),
    inputs: () => [leaf([2, 3]), leaf([3])],
  },
  reduce: { record: sum.record, fn: (x) => sum(x, { dim: 1 }), inputs: () => [leaf([2, 3])] },
  movement: { record: permute.record, fn: (x) => permute(x, [1, 0]), inputs: () => [leaf([2, 3])] },
  matmul: {
    record: matmul.record,
    fn: (a, b) => matmul(a, b),
    inputs: () => [leaf([2, 3]), leaf([3, 2])],
  },
  conv: {
    record: conv2d.record,
    fn: (x, w) => conv2d(x, w, null, { padding: 1 }),
    inputs: () => [leaf([1, 2, 3, 3]), leaf([2, 2, 2, 2])],
  },
  norm: {
    record: batchNorm.record,
    fn: (x, w, b) => batchNorm(x, { training: true, weight: w, bias: b }),
    inputs: () => [leaf([6, 2]), leaf([2]), leaf([2])],
  },
  softmax: {
    record: softmax.record,
    fn: (x) => softmax(x, { dim: 1 }),
    inputs: () => [leaf([2, 4])],
  },
  loss: {
    record: crossEntropy.record,
    fn: (x) => crossEntropy(x, tensor([0, 2], { dtype: "i32" })),
    inputs: () => [leaf([2, 3])],
  },
  index: {
    record: gather.record,
    fn: (x) =>
      gather(
        x,
        tensor(
          [
            [0, 0],
            [1, 2],
          ],
          { dtype: "i32" },
        ),
        { dim: 1 },
      ),
    inputs: () => [leaf([2, 3])],
  },
};

/** Ways for a rule to be wrong: an element that is off, all too large, turned round, missing. */
const mistakes: Record<string, (g: Tensor) => Tensor | null> = {
  "one element": (g) => {
    const off = g.mul(1).reshape([-1]);
    off.slice({ end: 1 }).add_(0.1);
    return off.reshape(g.shape);
  },
  scale: (g) => g.mul(1.1).add(0.05),
  sign: (g) => g.neg().add(0.05),
  missing: () => null,
};

describe("gradcheck", () => {
  for (const [name, { record, fn, inputs }] of Object.entries(families)) {
    it(
      `passes ${name} and catches a wrong rule of each kind`,
      inScope(() => {
        const given = inputs();
        expect(gradcheck(fn, given)).toBe(true);
        expect(gradgradcheck(fn, given)).toBe(true);
        const open = record as { vjp: NonNullable<OpRecord<never>["vjp"]> };
        const right = open.vjp;
        try {
          for (const [kind, mistake] of Object.entries(mistakes)) {
            for (let i = 0; i < given.length; i++) {
              open.vjp = (grads, saved, attrs) => {
                const found = right(grads, saved, attrs);
                const g = found[i];
                return g ? found.map((own, at) => (at === i ? mistake(g) : own)) : found;
              };
              expect(gradcheck(fn, given, { raise: false }), `${kind} of input ${i}`).toBe(false);
              expect(() => gradcheck(fn, given)).toThrow(
                new RegExp(
                  `gradcheck: the gradient of input ${i} at \\[.*\\] is .*, the difference quotient`,
                ),
              );
            }
          }
        } finally {
          open.vjp = right;
        }
      }),
    );
  }

  it(
    "names the worst element",
    inScope(() => {
      const off = customFunction({
        forward: (_: FunctionContext, x: Tensor) => x.mul(2),
        backward: (_: FunctionContext, g: Tensor) =>
          g.mul(
            tensor([
              [2, 2],
              [2, 3],
            ]),
          ),
      });
      expect(() => gradcheck(off, [leaf([2, 2])])).toThrow(
        /input 0 at \[1, 1\] is .* \(1 of 4 elements differ/,
      );
    }),
  );

  it(
    "catches a gradient of a gradient that is missing",
    inScope(() => {
      const square = customFunction({
        forward(ctx: FunctionContext, x: Tensor) {
          ctx.saveForBackward(x);
          return x.square();
        },
        backward: (ctx: FunctionContext, g: Tensor) => g.mul((ctx.savedTensors[0] as Tensor).detach()).mul(2),
      });
      const x = leaf([3]);
      expect(gradcheck(square, [x])).toBe(true);
      expect(() => gradgradcheck(square, [x])).toThrow(/gradgradcheck: the gradient of input 0/);
    }),
  );

  it(
    "measures again beside a kink, takes several results and integer inputs",
    inScope(() => {
      const x = tensor([-0.003, 0.004, 1], { requiresGrad: true });
      expect(gradcheck((t) => t.relu(), [x])).toBe(true);
      const index = tensor([0, 2], { dtype: "i32" });
      expect(gradcheck((t, i) => [t.indexSelect(i, { dim: 0 }).exp(), t.sin(), t.argmax()], [x, index])).toBe(
        true,
      );
    }),
  );

  it(
    "refuses what it cannot check",
    inScope(() => {
      expect(() => gradcheck((x) => x, [ones([2])])).toThrow(AutogradError);
      const x = leaf([4]);
      expect(() => gradcheck((t) => dropout(t), [x])).toThrow(
        /other values when called again; call manualSeed/,
      );
      expect(
        gradcheck(
          (t) => {
            manualSeed(1);
            return dropout(t);
          },
          [x],
        ),
      ).toBe(true);
      expect(() => gradcheck((t) => add(t, 1), [x], { eps: 0 })).toThrow(/eps must be > 0/);
      expect(() => gradgradcheck(() => ones([1]), [x])).toThrow(
        /no result of the function requires gradients/,
      );
    }),
  );
});
