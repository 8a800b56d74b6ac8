import { describe, expect, it } from "vitest";
import {
  arange,
  backward,
  crossEntropy,
  data,
  full,
  grad,
  init,
  io,
  keep,
  manualSeed,
  memory,
  nn,
  noGrad,
  ones,
  optim,
  OutOfMemoryError,
  randn,
  scope,
  tensor,
  zeros,
  type Tensor,
} from "../../src/index.ts";
import { specs } from "../ops/specs/index.ts";
import { toTensor, type OpSpec } from "../ops/spec.ts";
import { failingAt } from "./failing.ts";

/** Calls `run` with its k-th allocation failing, for every k; after each failure `check`. Returns how often it failed. */
function exhaust(run: () => unknown, check: (k: number) => void): number {
  for (let k = 0; ; k++) {
    const error = failingAt(k, run);
    if (error === null) return k;
    expect(error, `allocation ${k}`).toBeInstanceOf(OutOfMemoryError);
    check(k);
  }
}

const values = (ts: readonly Tensor[]): number[][] => ts.map((t) => Array.from(t.data));

/** Ops whose specs' calls make further tensors: statistics, weights, indices, a stack of several results. */
const MAKE_MORE = new Set([
  ...["batchNorm", "gru", "index", "indexPut", "instanceNorm"],
  ...["lstm", "lstmCell", "repeatInterleave", "rnn"],
]);

describe("an op that runs out of memory frees what it made, touches nothing else, and works the next time", () => {
  it.each(Object.entries<OpSpec>(specs))("%s", (name, spec) => {
    for (const { inputs, attrs } of spec.samples) {
      scope(() => {
        const given = inputs.map(toTensor);
        manualSeed(1);
        const expected = Array.from(scope(() => spec.call(given, attrs)).data);
        const before = values(given);
        const { live } = memory();
        manualSeed(1);
        let out: Tensor | null = null;
        const call = (): Tensor => spec.call(given, attrs);
        exhaust(
          () => (out = MAKE_MORE.has(name) ? scope(call) : call()),
          (k) => {
            expect(memory().live, `after allocation ${k}`).toBe(live);
            expect(values(given)).toEqual(before);
            manualSeed(1);
          },
        );
        expect(Array.from((out as unknown as Tensor).data)).toEqual(expected);
      });
    }
  });

  it.each(Object.entries<OpSpec>(specs).filter(([, spec]) => (spec.gradients ?? [0]).length > 0))(
    "%s with its backward",
    (_name, spec) => {
      const [sample] = spec.samples;
      if (sample === undefined || sample.inputs[0]?.dtype !== "f32") return;
      scope(() => {
        const given = sample.inputs.map(toTensor);
        const wanted =
          spec.gradients ?? sample.inputs.flatMap(({ dtype }, i) => (dtype === "f32" ? [i] : []));
        for (const i of wanted) (given[i] as Tensor).requiresGrad = true;
        const targets = wanted.map((i) => given[i] as Tensor);
        const run = (): Tensor[] => scope(() => grad(spec.call(given, sample.attrs).sum(), targets));
        manualSeed(1);
        const expected = values(run());
        const { live } = memory();
        let got: Tensor[] = [];
        manualSeed(1);
        exhaust(
          () => (got = run()),
          (k) => {
            expect(memory().live, `after allocation ${k}`).toBe(live);
            manualSeed(1);
          },
        );
        expect(values(got)).toEqual(expected);
      });
    },
  );

  it("creation", () => {
    for (const make of [
      () => ones([3]),
      () => full([3], 2, { dtype: "bf16" }),
      () => tensor([1, 2], { dtype: "f16" }),
      () => arange(5),
      () => randn([3]),
    ]) {
      const { live } = memory();
      let made: Tensor | null = null;
      const failures = exhaust(
        () => (made = make()),
        () => {
          expect(memory().live).toBe(live);
        },
      );
      expect(failures).toBeGreaterThan(0);
      (made as unknown as Tensor).dispose();
    }
  });

  it("reading", () => {
    scope(() => {
      const t = tensor(
        [
          [1, 2, 3],
          [4, 5, 6],
        ],
        { dtype: "f16" },
      ).transpose(0, 1);
      const { live } = memory();
      const failures = exhaust(
        () => t.data,
        () => {
          expect(memory().live).toBe(live);
        },
      );
      expect(failures).toBe(2);
      expect(t.toArray()).toEqual([
        [1, 4],
        [2, 5],
        [3, 6],
      ]);
    });
  });
});

describe("a training step that runs out of memory", () => {
  class Residual extends nn.Module {
    readonly inner = new nn.Linear(8, 8);
    forward(x: Tensor): Tensor {
      return x.add(this.inner.forward(x).tanh());
    }
  }
  const setUp = (): { model: nn.Sequential; optimizer: optim.Adam; x: Tensor; y: Tensor } => {
    manualSeed(5);
    const model = new nn.Sequential(
      new nn.Conv2d(1, 2, 3, { padding: 1 }),
      new nn.BatchNorm2d(2),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Linear(8, 8),
      new Residual(),
      new nn.Dropout(0.3),
      new nn.Linear(8, 3),
    );
    const optimizer = new optim.Adam(model.parameters());
    return { model, optimizer, x: randn([3, 1, 4, 4]), y: tensor(Int32Array.of(0, 1, 2)) };
  };

  it("leaves parameters, optimiser and memory as they were at every allocation; the next step gives the same numbers", () => {
    const { model, optimizer, x, y } = setUp();
    const step = (): number => {
      manualSeed(9);
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
      return loss.item();
    };
    const cleanUp = (): void => {
      optimizer.zeroGrad();
    };
    const undisturbed = setUp();
    const expected = ((): { losses: number[]; weights: number[][] } => {
      const { model: m, optimizer: o } = undisturbed;
      const losses = [0, 1].map(() => {
        manualSeed(9);
        o.zeroGrad();
        const loss = crossEntropy(m.forward(undisturbed.x), undisturbed.y);
        loss.backward();
        o.step();
        return loss.item();
      });
      return { losses, weights: values(m.parameters()) };
    })();

    expect(scope(step)).toBe(expected.losses[0]);
    cleanUp();
    const weights = values(model.parameters());
    const { live, tensors } = memory();
    let loss = NaN;
    const failures = exhaust(
      () => (loss = scope(step)),
      (k) => {
        cleanUp();
        expect(memory(), `after allocation ${k}`).toMatchObject({ live, tensors });
        expect(values(model.parameters())).toEqual(weights);
      },
    );
    expect(failures).toBeGreaterThan(50);
    expect(loss).toBe(expected.losses[1]);
    expect(values(model.parameters())).toEqual(expected.weights);
    for (const { model: m, optimizer: o } of [{ model, optimizer }, undisturbed]) {
      m.zeroGrad();
      o.dispose();
      m.dispose();
    }
  });

  it("a failed backward has either not begun or consumed its graph, and says so", () => {
    const { model, optimizer, x, y } = setUp();
    keep(x);
    keep(y);
    // Lets what the tests before have left go.
    for (let i = 0; i < 8; i++) scope(() => backward(ones([], { requiresGrad: true }).square()));
    const { live } = memory();
    let [retried, consumed] = [0, 0];
    for (let k = 0; ; k++) {
      manualSeed(9);
      const logits = model.forward(x);
      const loss = crossEntropy(logits, y);
      const error = failingAt(k, () => {
        loss.backward();
      });
      if (error === null) break;
      expect(error).toBeInstanceOf(OutOfMemoryError);
      try {
        model.zeroGrad();
        loss.backward();
        retried++;
      } catch (second) {
        expect((second as Error).message).toMatch(/has been consumed by an earlier backward\(\)/);
        consumed++;
      }
      model.zeroGrad();
      loss.dispose();
      logits.dispose();
      expect(memory().live, `after allocation ${k}`).toBe(live);
    }
    expect(retried).toBeGreaterThan(0);
    expect(consumed).toBeGreaterThan(10);
    for (const t of [x, y, optimizer, model]) t.dispose();
  });

  it("a module's forward frees what it made", () => {
    const { model, x } = setUp();
    const { live } = memory();
    const failures = exhaust(
      () => {
        model.forward(x).dispose();
      },
      (k) => {
        expect(memory().live, `after allocation ${k}`).toBe(live);
      },
    );
    expect(failures).toBeGreaterThan(10);
    model.dispose();
  });

  it("optimisers allocate when they are made, and free that when it fails", () => {
    const params = [ones([3], { requiresGrad: true }), ones([2], { requiresGrad: true })];
    const { live } = memory();
    for (const make of [
      () => new optim.SGD(params, { lr: 0.1, momentum: 0.9 }),
      () => new optim.Adam(params, { amsgrad: true }),
    ]) {
      let made: { dispose(): void } | null = null;
      const failures = exhaust(
        () => (made = make()),
        (k) => {
          expect(memory().live, `after allocation ${k}`).toBe(live);
        },
      );
      expect(failures).toBeGreaterThan(2);
      (made as unknown as { dispose(): void }).dispose();
      expect(memory().live).toBe(live);
    }
    for (const p of params) p.dispose();
  });
});

describe("loading", () => {
  it("a DataLoader frees a batch that it cannot make, and goes on with the next loop", async () => {
    const x = ones([10, 3]);
    const y = zeros([10], { dtype: "i32" });
    const loader = new data.DataLoader(new data.TensorDataset(x, y), { batchSize: 4 });
    const { live } = memory();
    const epoch = async (k: number): Promise<number> => {
      let batches = 0;
      const iterator = loader[Symbol.asyncIterator]();
      await iterator.next().then(({ done }) => (batches += done === true ? 0 : 1));
      let error: unknown = null;
      const failed = failingAt(k, () => {
        void iterator.next().catch((e: unknown) => (error = e));
      });
      await new Promise((done) => setTimeout(done, 5));
      if (failed === null && error === null) {
        batches++;
        await iterator.return();
      }
      return batches;
    };
    for (let k = 0; k < 4; k++) {
      await epoch(k);
      expect(memory().live).toBe(live);
    }
    let seen = 0;
    for await (const [batch] of loader) seen += batch.shape[0] as number;
    expect(seen).toBe(10);
    expect(memory().live).toBe(live);
  });

  it("a file", () => {
    const t = ones([3, 2], { dtype: "f16" });
    const bytes = io.saveSafetensors({ a: t, b: t, c: t });
    const { live } = memory();
    let loaded: io.LoadedTensors | null = null;
    exhaust(
      () => (loaded = io.loadSafetensors(bytes)),
      () => {
        expect(memory().live).toBe(live);
      },
    );
    for (const back of Object.values((loaded as unknown as io.LoadedTensors).tensors)) back.dispose();
    t.dispose();
  });
});

describe("a small maximum", () => {
  it("is an error that tells the figures; what lives is untouched and the next call works", async () => {
    await init({ maxMemory: 8 * 2 ** 20 });
    const model = new nn.Linear(4, 4);
    const x = ones([2, 4]);
    const before = noGrad(() => model.forward(x).toArray());
    const { live } = memory();
    expect(() => zeros([3_000_000])).toThrow(OutOfMemoryError);
    expect(() =>
      scope(() =>
        randn([1_000_000])
          .add(1)
          .mul(randn([1_000_000])),
      ),
    ).toThrow(OutOfMemoryError);
    expect(() => {
      scope(() => {
        backward(ones([600_000], { requiresGrad: true }).square().exp().sum());
      });
    }).toThrow(/out of memory, wanted .* limit 7\.94 MiB/);
    expect(memory().live).toBe(live);
    expect(noGrad(() => model.forward(x).toArray())).toEqual(before);
    await init({ maxMemory: 2 ** 32 });
  });
});
