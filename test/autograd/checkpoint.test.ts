import { describe, expect, it } from "vitest";
import {
  AutogradError,
  batchNorm,
  checkpoint,
  dropout,
  grad,
  manualSeed,
  memory,
  nn,
  noGrad,
  ones,
  rand,
  randn,
  scope,
  tensor,
  zeros,
  type Tensor,
} from "../../src/index.ts";
import { expectNoLeaks, inScope } from "./leaks.ts";

expectNoLeaks();

class Block extends nn.Module {
  readonly up: nn.Linear;
  readonly down: nn.Linear;
  readonly drop: number;
  constructor(width: number, hidden: number, drop = 0) {
    super();
    this.up = new nn.Linear(width, hidden);
    this.down = new nn.Linear(hidden, width);
    this.drop = drop;
  }
  forward(x: Tensor): Tensor {
    const h = dropout(this.up.forward(x).tanh(), { p: this.drop });
    return this.down.forward(h).add(x);
  }
}

type Run = <T>(fn: (x: Tensor) => T, x: Tensor) => T;
const plain: Run = (fn, x) => fn(x);
const saving: Run = (fn, x) => checkpoint(fn, x);

/** Gradients of the input and of all parameters, as bits. */
function gradientsOf(blocks: readonly Block[], x: Tensor, run: Run): number[][] {
  manualSeed(9);
  const leaf = x.clone();
  leaf.requiresGrad = true;
  let h = leaf.mul(1);
  for (const block of blocks) h = run((t) => block.forward(t), h);
  h.square().sum().backward();
  const all = [leaf, ...blocks.flatMap((block) => block.parameters())];
  const bits = all.map((t) => Array.from(t.grad?.data ?? []));
  for (const block of blocks) block.zeroGrad();
  return bits;
}

describe("checkpoint", () => {
  it(
    "gives the same bits as without: inputs, parameters through the closure, dropout",
    inScope(() => {
      const blocks = [0, 1, 2].map(() => new Block(6, 10, 0.4));
      const x = randn([4, 6]);
      expect(gradientsOf(blocks, x, saving)).toEqual(gradientsOf(blocks, x, plain));
      expect(gradientsOf(blocks, x, (fn, t) => checkpoint((u) => checkpoint(fn, u.mul(2)), t))).toEqual(
        gradientsOf(blocks, x, (fn, t) => fn(t.mul(2))),
      );
      for (const block of blocks) block.dispose();
    }),
  );

  it(
    "draws the same numbers again and leaves the stream where it was",
    inScope(() => {
      const x = ones([64], { requiresGrad: true });
      const y = checkpoint(
        (t) =>
          dropout(t, { p: 0.5 })
            .mul(rand([64]))
            .square(),
        x,
      );
      const after = rand([4]);
      y.sum().backward();
      const later = rand([4]);
      const values = y.toArray() as number[];
      // y = (c·x)², so the gradient at 1 is 2y, but for the rounding of two products.
      (x.grad?.toArray() as number[]).forEach((g, i) => {
        expect(g).toBeCloseTo(2 * (values[i] as number), 5);
      });
      manualSeed(11);
      dropout(ones([64]), { p: 0.5 }).mul(rand([64]));
      expect([...rand([4]).data, ...rand([4]).data]).toEqual([...after.data, ...later.data]);
    }),
  );

  it(
    "saves what it claims: a chain keeps the inputs of its blocks, and backward the insides of one",
    inScope(() => {
      const n = 8;
      const [rows, width, hidden] = [256, 8, 64];
      const blocks = Array.from({ length: n }, () => new Block(width, hidden));
      const x = randn([rows, width]);
      const measure = (run: Run): { kept: number; most: number } => {
        const start = memory().live;
        let most = 0;
        const loss = (() => {
          let h = x.mul(1);
          for (const block of blocks) {
            h = run((t) => block.forward(t), h);
            // Called while the insides of the block, and of no other, are at hand.
            h.registerHook(() => {
              most = Math.max(most, memory().live - start);
            });
          }
          return h.sum();
        })();
        const kept = memory().live - start;
        loss.backward();
        for (const block of blocks) block.zeroGrad();
        return { kept, most };
      };
      const inside = rows * hidden * 4;
      const between = rows * width * 4;
      const without = measure(plain);
      const withIt = measure(saving);
      expect(without.kept).toBeGreaterThan(n * inside);
      // The inputs, with room for what each block's end makes.
      expect(withIt.kept).toBeLessThan((n + 1) * between * 2 + inside);
      expect(without.kept / withIt.kept).toBeGreaterThan(4);
      expect(without.most / withIt.most).toBeGreaterThan(3);
      for (const block of blocks) block.dispose();
    }),
  );

  it(
    "hands several outputs through, of which some may be unused",
    inScope(() => {
      const x = tensor([1, 2, 3], { requiresGrad: true });
      const w = tensor([2], { requiresGrad: true });
      const fn = (t: Tensor): { a: Tensor; rest: Tensor[] } => ({
        a: t.mul(w),
        rest: [t.exp(), t.sin().mul(t)],
      });
      const results = [(t: Tensor) => fn(t), (t: Tensor) => checkpoint(fn, t)].map((run) => {
        const { a, rest } = run(x);
        return grad(a.sum().add((rest[1] as Tensor).sum()), [x, w]).map((g) => g.toArray());
      });
      expect(results[1]).toEqual(results[0]);
    }),
  );

  it(
    "nests: an inner one's input is dropped by the outer one too",
    inScope(() => {
      const x = randn([512], { requiresGrad: true });
      const inner = (t: Tensor): Tensor => t.sin().mul(t.exp());
      const nest = (t: Tensor): Tensor => checkpoint(inner, checkpoint(inner, t.mul(0.5)).tanh());
      const start = memory().live;
      const y = checkpoint((t) => checkpoint(nest, nest(t)).mul(2), x);
      // The result, and of each of the six checkpoints the place in the random stream.
      expect(memory().live - start).toBe(512 * 4 + 6 * 64);
      const [g] = grad(y.sum(), x) as [Tensor];
      const pure = (t: Tensor): Tensor => inner(inner(t.mul(0.5)).tanh());
      expect(Array.from(g.data)).toEqual(Array.from((grad(pure(pure(x)).mul(2).sum(), x)[0] as Tensor).data));
    }),
  );

  it(
    "takes higher orders",
    inScope(() => {
      const x = randn([5], { requiresGrad: true });
      const w = randn([5], { requiresGrad: true });
      const fn = (t: Tensor): Tensor => t.mul(w).tanh().mul(t).exp();
      const results = [fn, (t: Tensor) => checkpoint(fn, t)].map((run) => {
        const first = grad(run(x).sum(), [x, w], { createGraph: true });
        const total = first.reduce<Tensor>((s, g) => s.add(g.square().sum()), zeros([]));
        return grad(total, [x, w]).map((g) => Array.from(g.data));
      });
      expect(results[1]).toEqual(results[0]);
    }),
  );

  it(
    "sees hooks and writes in place inside, and retainGraph",
    inScope(() => {
      const x = randn([6], { requiresGrad: true });
      const results = [false, true].map((on) => {
        const fn = (t: Tensor): Tensor => {
          const h = t.mul(3);
          h.registerHook((g) => g.mul(2));
          h.narrow({ dim: 0, start: 0, length: 2 }).mul_(2);
          return h.sin_().mul(t);
        };
        const y = on ? checkpoint(fn, x) : fn(x);
        return [grad(y.sum(), x, { retainGraph: true }), grad(y.sum(), x)].map(([g]) => g?.toArray());
      });
      expect(results[1]).toEqual(results[0]);
    }),
  );

  it(
    "updates running statistics once",
    inScope(() => {
      const x = randn([8, 2], { requiresGrad: true });
      const run = (wrap: boolean): unknown => {
        const [runningMean, runningVar] = [zeros([2]), ones([2])];
        const fn = (t: Tensor): Tensor => batchNorm(t, { training: true, runningMean, runningVar }).mul(t);
        grad((wrap ? checkpoint(fn, x) : fn(x)).sum(), x);
        return runningMean.toArray();
      };
      expect(run(true)).toEqual(run(false));
    }),
  );

  it(
    "records nothing under noGrad, and frees an abandoned graph",
    inScope(() => {
      const x = randn([100], { requiresGrad: true });
      expect(noGrad(() => checkpoint((t) => t.exp(), x)).requiresGrad).toBe(false);
      const start = memory().live;
      scope(() => {
        checkpoint((t) => checkpoint((u) => u.exp().mul(u), t.sin()), x).sum();
      });
      expect(memory().live).toBe(start);
    }),
  );

  it(
    "refuses what would give wrong gradients",
    inScope(() => {
      const x = tensor([1, 2], { requiresGrad: true });
      const bias = tensor([1, 1], { requiresGrad: true });
      const y = checkpoint((t) => t.add(bias).exp().sin(), x).sum();
      noGrad(() => bias.add_(1));
      expect(() => {
        y.backward();
      }).toThrow(/a tensor that its function reads was changed in place since/);

      let runs = 0;
      const fickle = checkpoint((t) => (runs++ === 0 ? t.exp().sin() : t.exp().cos()), x).sum();
      expect(() => {
        fickle.backward();
      }).toThrow(/op 1 was sin and is cos now/);

      const counter = zeros([2]);
      expect(() => checkpoint((t) => t.mul(counter.add_(1)), x)).toThrow(AutogradError);
      expect(() => checkpoint(() => Promise.resolve(1))).toThrow(TypeError);
      expect(() => checkpoint((t) => t.add(ones([3])), x)).toThrow(/broadcast/);
      const h = x.mul(1);
      const late = checkpoint((t) => t.exp().sin(), h).sum();
      h.add_(1);
      expect(() => {
        late.backward();
      }).toThrow(/changed in place/);
    }),
  );
});
