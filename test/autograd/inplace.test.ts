import { describe, expect, it } from "vitest";
import {
  AutogradError,
  cat,
  conv2d,
  crossEntropy,
  DTypeError,
  dropout,
  exp,
  gather,
  grad,
  matmul,
  maxPool2d,
  memory,
  mul,
  noGrad,
  ones,
  pow,
  prod,
  randn,
  scope,
  ShapeError,
  softmax,
  stack,
  sum,
  tensor,
  where,
  zeros,
  type Tensor,
} from "../../src/index.ts";
import { expectNoLeaks, inScope } from "./leaks.ts";

expectNoLeaks();

/** Values and gradients (first, and of a gradient) of two programs that must agree. */
function expectAlike(
  inputs: readonly Tensor[],
  inPlace: (xs: Tensor[]) => Tensor,
  pure: (xs: Tensor[]) => Tensor,
): void {
  const results = [inPlace, pure].map((program) => {
    const leaves = inputs.map((t) => {
      const leaf = t.clone();
      leaf.requiresGrad = true;
      return leaf;
    });
    const out = program(leaves);
    const weights = tensor(
      Float32Array.from({ length: out.size }, (_, i) => 1 + (i % 5) / 4),
      { shape: out.shape },
    );
    const first = grad(out.mul(out).mul(weights).sum(), leaves, { createGraph: true, allowUnused: true });
    const total = first.reduce<Tensor>((s, g) => (g === null ? s : s.add(g.mul(g).sum())), zeros([]));
    const second = total.requiresGrad ? grad(total, leaves, { allowUnused: true }) : [];
    return { out, first, second };
  });
  const [a, b] = results as [(typeof results)[0], (typeof results)[0]];
  const close = (x: Tensor | null | undefined, y: Tensor | null | undefined): void => {
    const want = y?.data ?? new Float32Array(x?.size ?? 0);
    const got = x?.data ?? new Float32Array(want.length);
    expect(got.length).toBe(want.length);
    got.forEach((v, i) => {
      expect(v).toBeCloseTo(want[i] as number, 3);
    });
  };
  close(a.out, b.out);
  inputs.forEach((_, i) => {
    close(a.first[i], b.first[i]);
    close(a.second[i], b.second[i]);
  });
}

const positive = (shape: number[]): Tensor => randn(shape).square().add(0.5);

describe("a recorded write moves its tensor on", () => {
  const unary = {
    neg: "neg_",
    abs: "abs_",
    exp: "exp_",
    log: "log_",
    sqrt: "sqrt_",
    rsqrt: "rsqrt_",
    reciprocal: "reciprocal_",
    square: "square_",
    sin: "sin_",
    cos: "cos_",
    floor: "floor_",
    ceil: "ceil_",
    round: "round_",
    relu: "relu_",
    sigmoid: "sigmoid_",
    tanh: "tanh_",
  } as const;
  for (const [pure, inPlace] of Object.entries(unary) as [
    keyof typeof unary,
    (typeof unary)[keyof typeof unary],
  ][]) {
    it(
      inPlace,
      inScope(() => {
        const x = positive([3, 4]);
        expectAlike(
          [x],
          ([a]) => (a as Tensor).mul(1.25)[inPlace]().mul(2),
          ([a]) => (a as Tensor).mul(1.25)[pure]().mul(2),
        );
        // Strided: the kernel cannot run in place.
        expectAlike(
          [x],
          ([a]) => (a as Tensor).mul(1.25).transpose(0, 1)[inPlace]().mul(2),
          ([a]) => (a as Tensor).mul(1.25).transpose(0, 1)[pure]().mul(2),
        );
      }),
    );
  }

  const binary = { add: "add_", sub: "sub_", mul: "mul_", div: "div_", pow: "pow_" } as const;
  for (const [pure, inPlace] of Object.entries(binary) as [
    keyof typeof binary,
    (typeof binary)[keyof typeof binary],
  ][]) {
    it(
      inPlace,
      inScope(() => {
        for (const [shape, other] of [
          [
            [2, 3],
            [2, 3],
          ],
          [[2, 3], [3]],
          [
            [2, 3],
            [2, 1],
          ],
          [[2, 3], []],
          [[0, 3], [3]],
        ] as const) {
          const [x, y] = [positive([...shape]), positive([...other])];
          expectAlike(
            [x, y],
            ([a, b]) => (a as Tensor).mul(1)[inPlace](b as Tensor),
            ([a, b]) => (a as Tensor).mul(1)[pure](b as Tensor),
          );
          // An untracked target becomes tracked.
          expectAlike(
            [y],
            ([b]) => x.clone()[inPlace](b as Tensor),
            ([b]) => x[pure](b as Tensor),
          );
          expectAlike(
            [x],
            ([a]) => (a as Tensor).mul(1)[inPlace](3),
            ([a]) => (a as Tensor)[pure](3),
          );
        }
      }),
    );
  }

  it(
    "add_ and sub_ with alpha, clamp_, copy_, fill_, zero_",
    inScope(() => {
      const [x, y] = [randn([2, 3]), randn([3])];
      const programs: [(a: Tensor, b: Tensor) => Tensor, (a: Tensor, b: Tensor) => Tensor][] = [
        [(a, b) => a.mul(1).add_(b, { alpha: 0.5 }), (a, b) => a.add(b.mul(0.5))],
        [(a, b) => a.mul(1).sub_(b, { alpha: 2 }), (a, b) => a.sub(b.mul(2))],
        [(a) => a.mul(1).clamp_({ min: -0.5, max: 0.5 }), (a) => a.clamp({ min: -0.5, max: 0.5 })],
        [(a, b) => a.mul(2).copy_(b), (a, b) => b.expand(a.shape).mul(1)],
        [(a) => a.mul(2).fill_(3).add(a), (a) => a.add(3)],
        [(a) => a.mul(2).zero_().add(a), (a) => a.mul(1)],
      ];
      for (const [inPlace, pure] of programs) {
        expectAlike(
          [x, y],
          ([a, b]) => inPlace(a as Tensor, b as Tensor),
          ([a, b]) => pure(a as Tensor, b as Tensor),
        );
      }
    }),
  );

  it(
    "chains, uses of the value before and after, and the tensor with itself",
    inScope(() => {
      const x = randn([4]);
      expectAlike(
        [x],
        ([a]) => {
          const h = (a as Tensor).mul(2);
          const early = h.add(1); // add saves nothing: the write may follow
          h.mul_(3).add_(early).tanh_();
          return h.add(early);
        },
        ([a]) => {
          const h = (a as Tensor).mul(2);
          const early = h.add(1);
          return h.mul(3).add(early).tanh().add(early);
        },
      );
      expectAlike(
        [x],
        ([a]) => {
          const h = (a as Tensor).add(0.5);
          return h.mul_(h);
        },
        ([a]) => {
          const h = (a as Tensor).add(0.5);
          return h.mul(h);
        },
      );
    }),
  );

  it(
    "refuses leaves, overlapping views, results that do not fit",
    inScope(() => {
      const w = tensor([1, 2], { requiresGrad: true });
      for (const write of [
        () => w.add_(1),
        () => w.zero_(),
        () => w.copy_(ones([2])),
        () => w.exp_(),
        () => w.clamp_({ min: 0 }),
      ]) {
        expect(write).toThrow(AutogradError);
        expect(write).toThrow(/noGrad/);
      }
      expect(w.toArray()).toEqual([1, 2]);
      noGrad(() => w.add_(1));
      expect(w.toArray()).toEqual([2, 3]);
      expect(w.isLeaf).toBe(true);
      expect(() => ones([1]).expand([3]).add_(1)).toThrow(/several elements .* one place/);
      expect(() => ones([2]).add_(ones([3, 2]))).toThrow(ShapeError);
      expect(() => ones([1]).mul_(ones([3]))).toThrow(/does not fit/);
      expect(() => ones([2], { dtype: "i32" }).add_(0.5)).toThrow(DTypeError);
      expect(() => ones([2], { dtype: "i32" }).div_(2)).toThrow(DTypeError);
      expect(ones([2], { dtype: "i32" }).add_(2).toArray()).toEqual([3, 3]);
    }),
  );
});

describe("writes through views", () => {
  const x34 = (): Tensor => randn([3, 4]);

  it(
    "the base sees a write to its slice",
    inScope(() => {
      expectAlike(
        [x34(), randn([4])],
        ([a, b]) => {
          const base = (a as Tensor).mul(2);
          base.select(0, 1).mul_(b as Tensor);
          return base;
        },
        ([a, b]) => {
          const base = (a as Tensor).mul(2);
          return stack([base.select(0, 0), base.select(0, 1).mul(b as Tensor), base.select(0, 2)]);
        },
      );
    }),
  );

  it(
    "other views see it, and the view itself goes on",
    inScope(() => {
      expectAlike(
        [x34()],
        ([a]) => {
          const base = (a as Tensor).mul(2);
          const row = base.select(0, 1);
          const turned = base.transpose(0, 1);
          const flat = base.reshape([12]);
          row.sin_();
          turned.narrow({ dim: 0, start: 0, length: 2 }).mul_(3);
          return cat([base.reshape([12]).mul(1.5), turned.reshape([12]), flat, row.square()]);
        },
        ([a]) => {
          const base = (a as Tensor).mul(2);
          const step1 = cat([
            base.narrow({ dim: 0, start: 0, length: 1 }),
            base.narrow({ dim: 0, start: 1, length: 1 }).sin(),
            base.narrow({ dim: 0, start: 2, length: 1 }),
          ]);
          const step2 = cat(
            [
              step1.narrow({ dim: 1, start: 0, length: 2 }).mul(3),
              step1.narrow({ dim: 1, start: 2, length: 2 }),
            ],
            { dim: 1 },
          );
          return cat([
            step2.reshape([12]).mul(1.5),
            step2.transpose(0, 1).reshape([12]),
            step2.reshape([12]),
            step2.select(0, 1).square(),
          ]);
        },
      );
    }),
  );

  it(
    "assembles results in a buffer, as in out[i] = f(x[i])",
    inScope(() => {
      expectAlike(
        [x34()],
        ([a]) => {
          const out = zeros([3, 4]);
          for (let i = 0; i < 3; i++)
            out.select(0, i).copy_(
              (a as Tensor)
                .select(0, i)
                .exp()
                .mul(i + 1),
            );
          return out;
        },
        ([a]) =>
          stack(
            [0, 1, 2].map((i) =>
              (a as Tensor)
                .select(0, i)
                .exp()
                .mul(i + 1),
            ),
          ),
      );
    }),
  );

  it(
    "a write to the base reaches views made before, expanded ones too",
    inScope(() => {
      expectAlike(
        [randn([3, 1])],
        ([a]) => {
          const base = (a as Tensor).mul(2);
          const wide = base.expand([3, 4]);
          base.mul_(base);
          return wide.add(1);
        },
        ([a]) => {
          const base = (a as Tensor).mul(2);
          return base.mul(base).expand([3, 4]).add(1);
        },
      );
    }),
  );

  it(
    "views outlive their base, and untracked bases become tracked",
    inScope(() => {
      expectAlike(
        [randn([4])],
        ([a]) => {
          const base = (a as Tensor).mul(2);
          const [left, right] = base.split(2) as [Tensor, Tensor];
          base.dispose();
          left.mul_(3);
          return cat([left, right]);
        },
        ([a]) => (a as Tensor).mul(2).mul(tensor([3, 3, 1, 1])),
      );
      const w = tensor([5], { requiresGrad: true });
      const buffer = zeros([2]);
      const view = buffer.reshape([2, 1]);
      buffer.narrow({ dim: 0, start: 1, length: 1 }).copy_(w);
      expect(buffer.requiresGrad && view.requiresGrad).toBe(true);
      expect(buffer.isLeaf).toBe(false);
      view.square().sum().backward();
      expect(w.grad?.toArray()).toEqual([10]);
    }),
  );

  it(
    "detached tensors share values, not history",
    inScope(() => {
      const x = tensor([1, 2], { requiresGrad: true });
      const h = x.mul(2);
      const d = h.detach();
      d.mul_(10);
      expect(h.toArray()).toEqual([20, 40]);
      expect(d.requiresGrad).toBe(false);
      h.sum().backward();
      expect(x.grad?.toArray()).toEqual([2, 2]);
    }),
  );

  it(
    "refuses views of leaves, views made without recording, and views of a consumed graph",
    inScope(() => {
      const w = tensor([1, 2, 3], { requiresGrad: true });
      expect(() => w.slice({ start: 1 }).mul_(2)).toThrow(/view of a leaf that requires gradients/);
      expect(w.toArray()).toEqual([1, 2, 3]);
      const h = w.mul(2);
      const blind = noGrad(() => h.slice({ start: 1 }));
      expect(() => blind.copy_(w.slice({ start: 1 }))).toThrow(/made without recording/);
      noGrad(() => blind.mul_(2));
      const row = h.reshape([1, 3]);
      row.sum().backward();
      expect(() => row.mul_(w)).toThrow(/consumed by backward/);
    }),
  );

  it(
    "frees an abandoned graph of writes",
    inScope(() => {
      const w = tensor([1, 2, 3, 4], { requiresGrad: true });
      const live = memory().live;
      scope(() => {
        const h = w.mul(2);
        h.slice({ start: 2 }).exp_();
        h.slice({ end: 2 }).mul_(h.slice({ start: 2 }));
        h.add(1);
      });
      expect(memory().live).toBe(live);
    }),
  );
});

describe("the version check", () => {
  const w = (): Tensor =>
    tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { requiresGrad: true },
    );
  /** Each family with a value that its record saves: a program, and the write that spoils it. */
  const families: Record<string, (w: Tensor) => readonly [out: Tensor, spoil: () => unknown]> = {
    "an input of a map": (x) => {
      const h = x.mul(1);
      return [h.sin(), () => h.mul_(2)];
    },
    "the output of a map": (x) => {
      const y = exp(x);
      return [y.add(1), () => y.add_(1)];
    },
    "an operand of mul": (x) => {
      const other = ones([2, 2]);
      return [x.mul(other), () => other.add_(1)];
    },
    "an operand of pow": (x) => {
      const e = ones([2, 2]).mul(2);
      return [pow(x, e), () => e.add_(1)];
    },
    matmul: (x) => {
      const other = ones([2, 2]);
      return [matmul(x, other), () => other.zero_()];
    },
    "a reduction": (x) => {
      const h = x.mul(1);
      return [prod(h, { dim: 1 }), () => h.fill_(1)];
    },
    softmax: (x) => {
      const y = softmax(x, { dim: 1 });
      return [y.mul(2), () => y.neg_()];
    },
    "a condition": (x) => {
      const on = ones([2, 2], { dtype: "bool" });
      return [where(on, x, 0), () => on.fill_(0)];
    },
    "an index": (x) => {
      const index = tensor([[0], [1]], { dtype: "i32" });
      return [gather(x, index, { dim: 1 }), () => index.zero_()];
    },
    convolution: (x) => {
      const image = ones([1, 1, 3, 3]);
      return [conv2d(image, x.reshape([1, 1, 2, 2])), () => image.mul_(2)];
    },
    "a loss": (x) => {
      const target = tensor([0, 1], { dtype: "i32" });
      return [crossEntropy(x, target), () => target.zero_()];
    },
    "a view of what was saved": (x) => {
      const other = ones([4]);
      return [x.mul(other.reshape([2, 2])), () => other.slice({ start: 3 }).add_(1)];
    },
    "under noGrad": (x) => {
      const other = ones([2, 2]);
      return [x.mul(other), () => noGrad(() => other.add_(1))];
    },
  };
  for (const [name, program] of Object.entries(families)) {
    it(
      name,
      inScope(() => {
        const leaf = w();
        const [out, spoil] = program(leaf);
        const loss = sum(mul(out, 1.5));
        spoil();
        expect(() => {
          loss.backward();
        }).toThrow(/was changed in place after it was saved for backward \(version \d+, saved \d+\)/);
      }),
    );
  }

  it(
    "also where grad() has found some gradients already",
    inScope(() => {
      const x = w();
      const y = exp(x);
      const z = x.add(1);
      const root = y.mul(1).sum().add(z.sum());
      y.add_(1);
      expect(() => grad(root, [z, x])).toThrow(/was changed in place/);
    }),
  );

  it(
    "leaves alone what nothing saved, and what an op saved for itself",
    inScope(() => {
      const x = w();
      const pooled = maxPool2d(x.reshape([1, 1, 2, 2]), { kernelSize: 2 });
      const dropped = dropout(x, { p: 0.5 });
      pooled.mul_(2);
      dropped.add_(1);
      pooled.sum().add(dropped.sum()).backward();
      expect(x.grad).not.toBeNull();
    }),
  );
});
