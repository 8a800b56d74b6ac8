import { describe, expect, it } from "vitest";
import {
  add,
  cat,
  flatten,
  gru,
  lstm,
  manualSeed,
  memory,
  narrow,
  randn,
  rnn,
  scope,
  stack,
  sum,
  tensor,
  where,
  type Tensor,
} from "../../src/index.ts";

const GATES = { rnn: 1, gru: 3, lstm: 4 } as const;
type Kind = keyof typeof GATES;

function weights(kind: Kind, inputs: number, hidden: number, layers: number): Record<string, Tensor> {
  const all: Record<string, Tensor> = {};
  for (let l = 0; l < layers; l++) {
    for (const suffix of ["", "_reverse"]) {
      const rows = GATES[kind] * hidden;
      all[`weight_ih_l${l}${suffix}`] = randn([rows, l === 0 ? inputs : 2 * hidden]);
      all[`weight_hh_l${l}${suffix}`] = randn([rows, hidden]);
      all[`bias_ih_l${l}${suffix}`] = randn([rows]);
      all[`bias_hh_l${l}${suffix}`] = randn([rows]);
    }
  }
  for (const t of Object.values(all)) t.requiresGrad = true;
  return all;
}

function run(kind: Kind, x: Tensor, h0: Tensor | null, w: Record<string, Tensor>, options = {}): Tensor[] {
  if (kind === "lstm") return lstm(x, h0 && [h0, h0], w, options);
  return kind === "gru" ? gru(x, h0, w, options) : rnn(x, h0, w, options);
}

function gradients(w: Record<string, Tensor>): number[][] {
  return Object.values(w).map((t) => {
    const values = Array.from(t.grad?.data ?? []);
    t.grad?.dispose();
    t.grad = null;
    return values;
  });
}

const near = (a: readonly number[], b: readonly number[]): void => {
  expect(a.length).toBe(b.length);
  a.forEach((v, i) => {
    expect(Math.abs(v - (b[i] as number))).toBeLessThan(1e-4 * (1 + Math.abs(b[i] as number)));
  });
};

describe.each(["rnn", "gru", "lstm"] as const)("%s of sequences of several lengths", (kind) => {
  const LENGTHS = [3, 6, 0, 1, 5];
  const [time, batch, inputs, hidden, layers] = [6, LENGTHS.length, 3, 5, 2];

  it("gives each sequence what it gets alone, gradients too, whatever stands behind its end", () => {
    const before = memory().live;
    scope(() => {
      manualSeed(3);
      const w = weights(kind, inputs, hidden, layers);
      const data = randn([batch, time, inputs]);
      const h0 = randn([2 * layers, batch, hidden]);
      const live = tensor(LENGTHS.map((n) => Array.from({ length: time }, (_, t) => [t < n])));
      const x = where(live, data, NaN);
      x.requiresGrad = true;
      const results = run(kind, x, h0, w, { batchFirst: true, lengths: LENGTHS });
      const [output, hn] = results as [Tensor, Tensor];
      add(sum(output), sum(hn)).backward();
      const together = gradients(w);
      const dx = x.grad as Tensor;
      expect(Array.from(dx.data).every(Number.isFinite)).toBe(true);

      const losses: Tensor[] = [];
      LENGTHS.forEach((n, b) => {
        const first = narrow(h0, { dim: 1, start: b, length: 1 });
        const last = results.slice(1).map((t) => narrow(t, { dim: 1, start: b, length: 1 }));
        const own = narrow(output, { dim: 0, start: b, length: 1 });
        const beyond = narrow(own, { dim: 1, start: n, length: time - n });
        expect(Array.from(beyond.data).every((v) => v === 0)).toBe(true);
        if (n === 0) {
          for (const t of last) expect(Array.from(t.data)).toEqual(Array.from(first.data));
          return;
        }
        const alone = narrow(narrow(data, { dim: 0, start: b, length: 1 }), { dim: 1, start: 0, length: n });
        const [y, ...states] = run(kind, alone, first, w, { batchFirst: true }) as [Tensor, ...Tensor[]];
        near(Array.from(narrow(own, { dim: 1, start: 0, length: n }).data), Array.from(y.data));
        states.forEach((t, i) => {
          near(Array.from((last[i] as Tensor).data), Array.from(t.data));
        });
        losses.push(add(sum(y), sum(states[0] as Tensor)));
      });
      sum(stack(losses)).backward();
      gradients(w).forEach((g, i) => {
        near(together[i] as number[], g);
      });
    });
    expect(memory().live).toBe(before);
  });

  it("continues where a state left off", () => {
    scope(() => {
      manualSeed(4);
      const w = { ...weights(kind, inputs, hidden, 1) };
      for (const name of Object.keys(w)) if (name.endsWith("_reverse")) Reflect.deleteProperty(w, name);
      const x = randn([time, 2, inputs]);
      const whole = run(kind, x, null, w);
      const [head, ...state] = run(kind, narrow(x, { dim: 0, start: 0, length: 2 }), null, w);
      const rest = narrow(x, { dim: 0, start: 2, length: time - 2 });
      const tail =
        kind === "lstm" ? lstm(rest, state as [Tensor, Tensor], w) : run(kind, rest, state[0] as Tensor, w);
      expect(Array.from(cat([head as Tensor, tail[0] as Tensor]).data)).toEqual(
        Array.from((whole[0] as Tensor).data),
      );
      whole.slice(1).forEach((t, i) => {
        expect(Array.from((tail[i + 1] as Tensor).data)).toEqual(Array.from(t.data));
      });
    });
  });

  it("drops between layers when training only", () => {
    scope(() => {
      manualSeed(5);
      const w = weights(kind, inputs, hidden, 2);
      const x = randn([time, 2, inputs]);
      const outputs = [{}, { dropout: 0.9, training: false }, { dropout: 0.9 }, { dropout: 1 }].map(
        (options) => Array.from(flatten(run(kind, x, null, w, options)[0] as Tensor).data),
      );
      expect(outputs[1]).toEqual(outputs[0]);
      expect(outputs[2]).not.toEqual(outputs[0]);
      expect(outputs[3]?.every(Number.isFinite)).toBe(true);
    });
  });
});
