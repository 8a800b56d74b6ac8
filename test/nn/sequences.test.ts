import { describe, expect, it } from "vitest";
import {
  cat,
  crossEntropy,
  manualSeed,
  memory,
  mseLoss,
  nn,
  optim,
  randn,
  scope,
  square,
  sum,
  tensor,
  type Tensor,
} from "../../src/index.ts";

type State = Tensor | [Tensor, Tensor];
type Run = (x: Tensor, state: State | null) => [Tensor, State];

const KINDS = ["RNN", "GRU", "LSTM"] as const;

const made = (kind: (typeof KINDS)[number]): { layer: nn.Module; run: Run } => {
  const layer = new nn[kind](3, 4, { numLayers: 2, batchFirst: true });
  return { layer, run: (x, state) => (layer.forward as Run).call(layer, x, state) };
};

const detached = (state: State): State =>
  Array.isArray(state) ? [state[0].detach(), state[1].detach()] : state.detach();

const gradients = (layer: nn.Module): number[] =>
  layer.parameters().flatMap((t) => Array.from((t.grad as Tensor).data));

function close(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((v, i) => {
    expect(v).toBeCloseTo(expected[i] as number, 4);
  });
}

describe.each(KINDS)("truncated back-propagation through time, %s", (kind) => {
  it("runs on where the piece before ended, and goes back to its beginning", () => {
    scope(() => {
      manualSeed(1);
      const { layer, run } = made(kind);
      const x = randn([2, 8, 3]);
      const pieces = x.split(4, { dim: 1 }) as [Tensor, Tensor];
      const loss = (y: Tensor): Tensor => sum(square(y));

      const [whole] = run(x, null);
      const [first, state] = run(pieces[0], null);
      const [second] = run(pieces[1], detached(state));
      close(Array.from(cat([first, second], { dim: 1 }).data), Array.from(whole.data));

      // Within the first piece nothing is cut off.
      loss(whole.narrow({ dim: 1, start: 0, length: 4 })).backward();
      const wanted = gradients(layer);
      layer.zeroGrad();
      loss(first).backward();
      close(gradients(layer), wanted);

      // The second one's gradients are those of a run of it alone, from the state it was given.
      layer.zeroGrad();
      loss(second).backward();
      const cut = gradients(layer);
      layer.zeroGrad();
      const given = detached(run(pieces[0], null)[1]);
      loss(run(pieces[1], given)[0]).backward();
      close(gradients(layer), cut);

      // Not detached, they go on into the first piece.
      layer.zeroGrad();
      loss(run(pieces[1], run(pieces[0], null)[1])[0]).backward();
      const through = gradients(layer);
      expect(Math.max(...through.map((v, i) => Math.abs(v - (cut[i] as number))))).toBeGreaterThan(1e-3);
      layer.dispose();
    });
  });

  it("keeps memory flat", () => {
    manualSeed(2);
    const { layer, run } = made(kind);
    let state: State | null = null;
    const live: number[] = [];
    for (let i = 0; i < 24; i++) {
      const [y, next]: [Tensor, State] = run(randn([2, 4, 3]), state);
      sum(square(y)).backward();
      layer.zeroGrad();
      state = detached(next);
      live.push(memory().live);
    }
    expect(live.at(-1)).toBe(live[12]);
    layer.dispose();
  });
});

/** Trains a few steps; the losses of the first and the last. */
function trained(model: readonly nn.Module[], loss: () => Tensor): [number, number] {
  const optimizer = new optim.Adam(
    model.flatMap((m) => m.parameters()),
    { lr: 0.02 },
  );
  const losses: number[] = [];
  for (let i = 0; i < 30; i++) {
    optimizer.zeroGrad();
    const value = loss();
    value.backward();
    optimizer.step();
    losses.push(value.item());
  }
  return [losses[0] as number, losses.at(-1) as number];
}

describe("what recurrent layers are put to", () => {
  const setup = (outputs: number): { layer: nn.GRU; head: nn.Linear; x: Tensor } => {
    manualSeed(5);
    return {
      layer: new nn.GRU(3, 8, { batchFirst: true }),
      head: new nn.Linear(8, outputs),
      x: randn([6, 5, 3]),
    };
  };

  it("classes, from the last state", () => {
    scope(() => {
      const { layer, head, x } = setup(3);
      const labels = tensor([0, 1, 2, 0, 1, 2], { dtype: "i32" });
      const [first, last] = trained([layer, head], () => {
        const [, hn] = layer.forward(x);
        return crossEntropy(head.forward(hn.select(0, -1)), labels);
      });
      expect(last).toBeLessThan(first / 3);
    });
  });

  it("classes of sequences of several lengths, from the last state of each", () => {
    scope(() => {
      const { layer, head, x } = setup(3);
      const lengths = [5, 1, 3, 2, 4, 5];
      const logits = head.forward(layer.forward(x, null, { lengths })[1].select(0, -1));
      lengths.forEach((length, i) => {
        const alone = x.narrow({ dim: 0, start: i, length: 1 }).narrow({ dim: 1, start: 0, length });
        const own = head.forward(layer.forward(alone)[1].select(0, -1));
        close(Array.from(logits.select(0, i).data), Array.from(own.data));
      });
      layer.dispose();
      head.dispose();
    });
  });

  it("a number, from the last output", () => {
    scope(() => {
      const { layer, head, x } = setup(1);
      const target = sum(x, { dim: [1, 2] })
        .div(5)
        .unsqueeze(1);
      const [first, last] = trained([layer, head], () =>
        mseLoss(head.forward(layer.forward(x)[0].select(1, -1)), target),
      );
      expect(last).toBeLessThan(first / 3);
    });
  });

  it("classes of every step", () => {
    scope(() => {
      const { layer, head, x } = setup(2);
      // Whether the sum so far is above 0.
      const labels = x.select(2, 0).cumsum({ dim: 1 }).gt(0).to("i32");
      const [first, last] = trained([layer, head], () => {
        const logits = head.forward(layer.forward(x)[0]);
        expect(logits.shape).toEqual([6, 5, 2]);
        return crossEntropy(logits.reshape([-1, 2]), labels.reshape([-1]));
      });
      expect(last).toBeLessThan(first / 2);
    });
  });

  it("both directions at once", () => {
    scope(() => {
      manualSeed(6);
      const layer = new nn.LSTM(3, 4, { bidirectional: true, batchFirst: true });
      const [y, [hn]] = layer.forward(randn([2, 5, 3]));
      const ends = cat([hn.select(0, 0), hn.select(0, 1)], { dim: 1 });
      const [forward, backward] = y.split(4, { dim: 2 }) as [Tensor, Tensor];
      const picked = cat([forward.select(1, -1), backward.select(1, 0)], { dim: 1 });
      expect(Array.from(ends.data)).toEqual(Array.from(picked.data));
      layer.dispose();
    });
  });
});
