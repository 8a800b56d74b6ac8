import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import {
  destroy,
  DisposedError,
  init,
  keep,
  manualSeed,
  memory,
  nn,
  noGrad,
  ones,
  optim,
  rand,
  scope,
  tensor,
  traceAllocations,
  leakReport,
  type Tensor,
} from "../../src/index.ts";
import * as views from "../../src/wasm/views.ts";

const NOTHING = { live: 0, peak: 0, reserved: 0, storages: 0, tensors: 0 };

describe("destroy()", () => {
  it("is harmless before anything was used, and the statistics need no memory", () => {
    expect(memory()).toMatchObject(NOTHING);
    destroy();
    expect(memory()).toMatchObject(NOTHING);
  });

  it.each([1, 2])("gives everything back, time %i, and what comes next starts anew", (_time) => {
    manualSeed(3);
    const model = new nn.Sequential(new nn.Linear(3, 4), new nn.BatchNorm1d(4), new nn.Linear(4, 2));
    const optimizer = new optim.Adam(model.parameters());
    const kept = keep(ones([2]));
    const x = ones([2, 3]);
    const loss = model.forward(x).square().mean();
    loss.backward();
    optimizer.step();
    const pending = model.forward(x).sum();
    const first = rand([2]).toArray();
    traceAllocations(true);
    ones([2]);
    expect(memory().tensors).toBeGreaterThan(20);

    destroy();
    expect(memory()).toMatchObject(NOTHING);
    expect(Object.values(memory().byDtype).every((t) => t.bytes === 0 && t.storages === 0)).toBe(true);
    expect(leakReport()).toEqual([]);
    traceAllocations(false);
    expect(views.u8.length).toBe(0);

    const gone = (run: () => unknown): void => {
      expect(run).toThrow(DisposedError);
      expect(run).toThrow(/was freed by destroy\(\); make it anew: models from before are gone/);
    };
    gone(() => kept.data);
    gone(() => x.add(1));
    gone(() => loss.item());
    gone(() => {
      pending.backward();
    });
    gone(() => model.forward(ones([2, 3])));
    gone(() => {
      optimizer.step();
    });
    gone(() => optimizer.lr);
    gone(() => (optimizer.lr = 1));
    gone(() => model.parameters()[0]?.copy_(ones([4, 3])));
    gone(() => keep(x));
    const lives = ones([4]);
    const { live, tensors } = memory();
    // Freeing what is gone touches nothing that lives.
    model.zeroGrad();
    model.dispose();
    optimizer.dispose();
    kept.dispose();
    expect(memory()).toMatchObject({ live, tensors });
    expect(lives.toArray()).toEqual([1, 1, 1, 1]);

    manualSeed(3);
    const again = new nn.Linear(3, 4);
    expect(again.weight.data.length).toBe(12);
    manualSeed(0);
    const seeded = rand([2]).toArray();
    destroy();
    expect(rand([2]).toArray()).toEqual(seeded); // the default seed
    expect(rand([2]).toArray()).not.toEqual(first);
    destroy();
  });

  it("starts the windows anew", () => {
    const early = ones([2]);
    for (let i = 0; i < 2000; i++) noGrad(() => 0);
    expect(early.toArray()).toEqual([1, 1]);
    const w = tensor([1], { requiresGrad: true });
    w.sum().backward();
    destroy();
    const made = ones([2]);
    for (let i = 0; i < 2000; i++) noGrad(() => 0);
    expect(made.toArray()).toEqual([1, 1]);
    destroy();
  });

  it("keeps what init has chosen", async () => {
    await init({ maxMemory: 2 ** 24, deterministic: true });
    destroy();
    expect(() => ones([2 ** 23])).toThrow(/limit 15.94 MiB/);
    await init({ maxMemory: 2 ** 32, deterministic: false });
    destroy();
  });

  it("refuses to run where something is in use", () => {
    expect(() => {
      scope(() => {
        destroy();
      });
    }).toThrow(/destroy: cannot run inside of noGrad, scope/);
    expect(scope(() => ones([1])).item()).toBe(1);
    destroy();
  });

  it("lets go of the memory, even where tensors of it are still held", async () => {
    setFlagsFromString("--expose-gc");
    const gc = runInNewContext("gc") as () => void;
    const held: Tensor[] = [ones([1000])];
    const buffer = new WeakRef(views.u8.buffer);
    destroy();
    for (let i = 0; i < 20 && buffer.deref() !== undefined; i++) {
      await new Promise((done) => setTimeout(done, 10));
      gc();
    }
    expect(buffer.deref()).toBe(undefined);
    expect(held.length).toBe(1);
  });
});
