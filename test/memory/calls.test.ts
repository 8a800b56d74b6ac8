import { describe, expect, it } from "vitest";
import {
  cat,
  DisposedError,
  init,
  keep,
  memory,
  nn,
  noGrad,
  ones,
  optim,
  randn,
  scope,
  stack,
  tensor,
  type Tensor,
} from "../../src/index.ts";

/** The tests stand in the order of a program's life: first only calls, then an optimiser, then backward passes. */

const call = (times: number): void => {
  for (let i = 0; i < times; i++) noGrad(() => 0);
};

const pass = (): void => {
  const w = tensor([1, 2], { requiresGrad: true });
  w.sum().backward();
  w.dispose();
};

const isFreed = (t: Tensor): boolean => t.freedBy !== null;

describe("a program that only infers", () => {
  it("keeps what was made before the first call", () => {
    const early = ones([3]);
    const result = early.add(1);
    call(3000);
    expect(result.toArray()).toEqual([2, 2, 2]);
    early.dispose();
    result.dispose();
  });

  it("frees what has been idle for 1,024 calls, and not before", () => {
    const x = ones([3]);
    const made = [noGrad(() => x.add(1)), scope(() => x.add(2)), x.add(3), tensor([1, 2, 3])];
    call(1023);
    expect(made.map(isFreed)).toEqual([false, false, false, false]);
    call(128);
    expect(made.map(isFreed)).toEqual([true, true, true, true]);
    expect(() => made[0]?.data).toThrow(DisposedError);
    expect(() => made[0]?.data).toThrow(
      "read: this tensor of shape [3] and dtype f32 was freed by the memory rule: 1,024 calls of noGrad or scope in a row neither used nor read it; wrap it in keep() where it is made, or hold it in a field of a module",
    );
  });

  it("counts calls that read or use it, outermost calls only", () => {
    const read = ones([3]);
    const used = ones([3]);
    for (let i = 0; i < 5; i++) {
      call(1000);
      read.toArray();
      used.add(1);
    }
    expect(isFreed(read) || isFreed(used)).toBe(false);
    const idle = ones([3]);
    noGrad(() => {
      call(5000);
    });
    expect(isFreed(idle)).toBe(false);
  });

  it("spares what is kept, held by a module, or a parameter", () => {
    class Holder extends nn.Module {
      readonly layer = new nn.Linear(2, 2);
      state: Tensor | null = null;
      forward(x: Tensor): Tensor {
        return x;
      }
    }
    const holder = new Holder();
    holder.state = noGrad(() => ones([2]));
    const state = holder.state;
    const kept = keep(ones([2]));
    call(3000);
    expect(state.toArray()).toEqual([1, 1]);
    expect(kept.toArray()).toEqual([1, 1]);
    expect(holder.layer.weight.data.length).toBe(4);
    holder.state = null;
    call(1500);
    expect(isFreed(state)).toBe(true);
    kept.dispose();
    holder.dispose();
  });

  it("frees what frozen modules make outside of noGrad", () => {
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU(), new nn.Linear(2, 2));
    model.requiresGrad_(false);
    const x = keep(ones([1, 2]));
    const tensorsAfter = (calls: number): number => {
      for (let i = 0; i < calls; i++) {
        model.forward(x);
        call(1);
      }
      return memory().tensors;
    };
    tensorsAfter(1200);
    expect(Math.abs(tensorsAfter(1280) - tensorsAfter(1280))).toBeLessThan(600);
    model.dispose();
    x.dispose();
  });

  it("gives up what has been idle for 128 calls where memory would run out", async () => {
    await init({ maxMemory: 16 * 2 ** 20 });
    const kept = keep(ones([16_000]));
    const outputs: Tensor[] = [];
    for (let i = 0; i < 1000; i++) outputs.push(noGrad(() => kept.add(i)));
    expect(outputs.slice(-128).every((t) => !isFreed(t))).toBe(true);
    expect(outputs.at(-1)?.data[0]).toBe(1000);
    expect(() => outputs[0]?.data).toThrow(
      /memory had run out, and 128 calls of noGrad or scope in a row neither used nor read it; wrap it in keep\(\)/,
    );
    expect(kept.data[0]).toBe(1);
    expect(() => ones([16_000_000])).toThrow(/out of memory/);
    await init({ maxMemory: 2 ** 32 });
    for (const t of [...outputs, kept]) t.dispose();
  });

  it("grows no more from call 1,152 on", () => {
    const x = keep(ones([4]));
    const live = Array.from({ length: 4000 }, () => {
      noGrad(() => x.add(1));
      return memory().live;
    });
    const most = (from: number, to: number): number => Math.max(...live.slice(from, to));
    expect(most(1280, 4000)).toBeLessThanOrEqual(most(0, 1280));
    x.dispose();
  });
});

describe("a program that trains", () => {
  it("lets a first rollout be longer than the window, and the ones that follow", () => {
    const policy = new nn.Linear(4, 2);
    const optimizer = new optim.SGD(policy.parameters(), { lr: 0.1 });
    for (let update = 0; update < 3; update++) {
      const states: Tensor[] = [];
      for (let t = 0; t < 2048; t++) {
        const state = tensor([t, 1, 2, 3]);
        noGrad(() => policy.forward(state));
        states.push(state);
      }
      optimizer.zeroGrad();
      policy.forward(stack(states)).mean().backward();
      optimizer.step();
    }
  });

  it("keeps an evaluation's outputs until 4 backward passes have not used them", () => {
    pass();
    const outputs = Array.from({ length: 900 }, () => noGrad(() => ones([2])));
    for (let i = 0; i < 4; i++) pass();
    expect(cat(outputs).shape).toEqual([1800]);
    for (let i = 0; i < 6; i++) pass();
    expect(outputs.every(isFreed)).toBe(true);
    expect(() => outputs[0]?.data).toThrow(
      /4 backward passes in a row neither used nor read it; wrap it in keep/,
    );
  });

  it("leaves training's tensors alone through an evaluation of any length", () => {
    pass();
    const carried = randn([3]);
    call(20_000);
    pass();
    expect(carried.data.length).toBe(3);
  });

  it("does not count the calls of different periods together", () => {
    const carried = randn([3]);
    for (let i = 0; i < 4; i++) {
      call(700);
      pass();
    }
    expect(isFreed(carried)).toBe(false);
    for (let i = 0; i < 2; i++) pass();
    expect(isFreed(carried)).toBe(true);
  });

  it("is bounded when it goes on as a server", () => {
    pass();
    const x = keep(ones([4]));
    const serve = (calls: number): number => {
      for (let i = 0; i < calls; i++) noGrad(() => x.add(1));
      return memory().tensors;
    };
    // The longest stretch between two passes was 20,000 calls: the window is at its widest, 16,384.
    serve(17_000);
    const early = serve(0);
    expect(serve(12_800)).toBeLessThanOrEqual(early + 128);
    x.dispose();
  });
});
