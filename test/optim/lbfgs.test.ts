import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  add,
  linear,
  memory,
  mseLoss,
  mul,
  nn,
  optim,
  scope,
  square,
  sub,
  tanh,
  tensor,
  type Tensor,
} from "../../src/index.ts";

const made: { dispose(): void }[] = [];

const own = <T extends { dispose(): void }>(t: T): T => {
  made.push(t);
  return t;
};

/** Rosenbrock's valley. */
function valley(optimizer: optim.LBFGS, p: Tensor): Tensor {
  optimizer.zeroGrad();
  const [x, y] = [p.select(0, 0), p.select(0, 1)];
  const height = add(mul(100, square(sub(y, square(x)))), square(sub(1, x)));
  height.backward();
  return height;
}

function descend(optimizer: optim.LBFGS, p: Tensor): number {
  const loss = scope(() => optimizer.step(() => valley(optimizer, p)));
  optimizer.zeroGrad();
  return loss;
}

const start = (): nn.Parameter => own(new nn.Parameter(tensor([-1.2, 1])));

/** Loss before, the parameters after, evaluations and directions so far, of steps by PyTorch 1.13 in double precision. */
type Row = [loss: number, x: number, y: number, evaluations: number, iterations: number];

const VALLEYS: readonly [
  name: string,
  options: optim.LBFGSOptions,
  every: number,
  from: number,
  rows: readonly Row[],
][] = [
  [
    "with a line search",
    { lineSearch: "strongWolfe", maxIter: 4 },
    2,
    0,
    [
      [24.2, -1.02888, 1.065503, 5, 3],
      [3.909144, -0.5160278, 0.2265458, 15, 11],
      [1.657963, 0.2168278, 0.06691881, 25, 17],
      [0.4234823, 0.7460759, 0.5450069, 36, 23],
      [0.01493294, 0.9768774, 0.9525832, 46, 29],
    ],
  ],
  [
    "by fixed steps",
    { lr: 0.1, maxIter: 3, historySize: 2 },
    3,
    2,
    [
      [7.762415, -1.092813, 1.046002, 9, 6],
      [5.230498, -1.065631, 1.058232, 18, 12],
      [4.453408, -1.048909, 1.062339, 27, 18],
    ],
  ],
  [
    "with a short memory",
    { lineSearch: "strongWolfe", maxIter: 5, historySize: 3, lr: 0.5 },
    2,
    0,
    [
      [24.2, -1.018342, 1.064527, 6, 5],
      [4.089868, -0.8431218, 0.6683249, 18, 15],
      [2.142566, 0.2018661, 0.04805255, 30, 24],
      [0.3331861, 0.7232244, 0.5143849, 42, 33],
    ],
  ],
];

describe("LBFGS", () => {
  let live = 0;
  beforeEach(() => {
    live = memory().live;
  });
  afterEach(() => {
    for (const t of made.splice(0)) t.dispose();
    expect(memory().live).toBe(live);
  });

  it.each(VALLEYS)("goes PyTorch's way through Rosenbrock's valley %s", (_, options, every, from, rows) => {
    const p = start();
    const optimizer = own(new optim.LBFGS([p], options));
    for (let step = 0; step <= from + every * (rows.length - 1); step++) {
      const loss = descend(optimizer, p);
      if (step < from || (step - from) % every !== 0) continue;
      const row = rows[(step - from) / every] as Row;
      const entry = optimizer.stateDict().state["0"] ?? {};
      expect([entry["func_evals"], entry["n_iter"]]).toEqual(row.slice(3));
      // The valley's walls enlarge the roundings of f32; fused sums round elsewhere than plain ones.
      for (const [i, value] of [loss, ...p.data].entries())
        expect(Math.abs(value - (row[i] as number)), `step ${step}, number ${i}`).toBeLessThan(
          3e-2 * Math.abs(row[i] as number),
        );
    }
  });

  it("finds the bottom in a few steps", () => {
    const p = start();
    const optimizer = own(new optim.LBFGS([p], { lineSearch: "strongWolfe" }));
    for (let i = 0; i < 4; i++) descend(optimizer, p);
    expect(p.data[0]).toBeCloseTo(1, 4);
    expect(p.data[1]).toBeCloseTo(1, 4);
    const before = p.toArray();
    descend(optimizer, p);
    expect(p.toArray()).toEqual(before);
  });

  it("trains a network as PyTorch does", () => {
    const x = own(
      tensor(
        Float32Array.from({ length: 12 }, (_, i) => -1 + (2 * i) / 11),
        { shape: [12, 1] },
      ),
    );
    const y = own(
      tensor(
        Float32Array.from({ length: 12 }, (_, i) => Math.sin(3 * (-1 + (2 * i) / 11))),
        { shape: [12, 1] },
      ),
    );
    const parameter = (data: number[], shape: number[]): nn.Parameter =>
      own(new nn.Parameter(tensor(data, { shape: [data.length] }).reshape(shape)));
    const w1 = parameter([1.540996, -0.2934289, -2.178789, 0.5684313], [4, 1]);
    const b1 = parameter([-0.5422612, -0.6992977, 0.2016734, 0.4190132], [4]);
    const w2 = parameter([-0.3596288, -0.2016718, -0.2983177, 0.09101824], [1, 4]);
    const b2 = parameter([0], [1]);
    const optimizer = own(new optim.LBFGS([w1, b1, w2, b2], { maxIter: 5, lineSearch: "strongWolfe" }));
    for (const expected of [0.4558656, 0.09972567, 0.03043217, 0.023102, 0.01593563, 0.008020237]) {
      const step = (): Tensor => {
        optimizer.zeroGrad();
        const error = mseLoss(linear(tanh(linear(x, w1, b1)), w2, b2), y);
        error.backward();
        return error;
      };
      const loss = scope(() => optimizer.step(step));
      expect(Math.abs(loss - expected)).toBeLessThan(1e-2 * expected);
    }
    expect(optimizer.stateDict().state["0"]?.["func_evals"]).toBe(36);
    optimizer.zeroGrad();
  });

  it("goes on bit for bit from its state", () => {
    const options = { lineSearch: "strongWolfe", maxIter: 4, historySize: 3 } as const;
    const [whole, halves] = [start(), start()];
    const [a, b, c] = [
      own(new optim.LBFGS([whole], options)),
      own(new optim.LBFGS([halves], options)),
      own(new optim.LBFGS([halves], { lr: 0.5 })),
    ];
    expect(b.stateDict().state).toEqual({});
    for (let i = 0; i < 6; i++) descend(a, whole);
    for (let i = 0; i < 3; i++) descend(b, halves);
    c.loadStateDict(b.stateDict());
    c.loadStateDict(c.stateDict());
    for (let i = 3; i < 6; i++) descend(c, halves);
    expect(halves.toArray()).toEqual(whole.toArray());
    expect(c.stateDict().param_groups).toEqual([
      {
        lr: 1,
        max_iter: 4,
        max_eval: 5,
        tolerance_grad: 1e-7,
        tolerance_change: 1e-9,
        history_size: 3,
        line_search: "strongWolfe",
        params: [0],
      },
    ]);
    const { state, param_groups } = c.stateDict();
    const entry = state["0"] ?? {};
    const load = (changed: object) => () => {
      c.loadStateDict({ state: { 0: { ...entry, ...changed } }, param_groups });
    };
    const short = own(tensor([1]));
    expect(load({ d: short })).toThrow(/d is f32 \[1\], and the parameters have 2 elements/);
    expect(load({ t: short })).toThrow(/state 0 has no number t/);
    expect(load({ "old_dirs.1": 1 })).toThrow(/no tensor old_dirs.1/);
    expect(() => c.loadStateDict({ state, param_groups: [] })).toThrow(/0 groups/);
    descend(a, whole);
    descend(c, halves);
    expect(halves.toArray()).toEqual(whole.toArray());
  });

  it("leaves the parameters where they were when the closure throws", () => {
    const p = start();
    const optimizer = own(new optim.LBFGS([p], { lineSearch: "strongWolfe" }));
    let calls = 0;
    const failing = (): Tensor => {
      if (++calls === 3) throw new Error("no more");
      // The second point is too high, so that the search goes on.
      return mul(valley(optimizer, p), calls === 1 ? 1 : 100);
    };
    const before = p.toArray();
    expect(() => scope(() => optimizer.step(failing))).toThrow("no more");
    expect(p.toArray()).toEqual(before);
    expect(optimizer.stateDict().state["0"]).toEqual({ func_evals: 2, n_iter: 0 });
    for (let i = 0; i < 6; i++) descend(optimizer, p);
    expect(p.data[0]).toBeCloseTo(1, 3);
  });

  it("works with schedules, and refuses what makes no sense", () => {
    const p = start();
    const optimizer = own(new optim.LBFGS([p], { lr: 1 }));
    const schedule = new optim.ExponentialLR(optimizer, { gamma: 0.5 });
    schedule.step();
    expect(optimizer.lr).toBe(0.5);
    expect(optimizer.stateDict().param_groups[0]?.["initial_lr"]).toBe(1);
    expect(() => new optim.LBFGS([])).toThrow(/LBFGS: got no parameters/);
    expect(() => new optim.LBFGS([p], { historySize: 0 })).toThrow(/LBFGS: historySize .* got 0/);
    expect(() => new optim.LBFGS([p], { lineSearch: "armijo" as "strongWolfe" })).toThrow(
      /lineSearch must be .* got "armijo"/,
    );
    expect(() => new optim.LBFGS([p], { momentum: 1 } as object)).toThrow(/there is no option "momentum"/);
    expect(() => optimizer.step(() => undefined as unknown as Tensor)).toThrow(
      /the closure must return the loss/,
    );
    expect(() => {
      optimizer.lr = -1;
    }).toThrow(/got -1/);
  });
});

it("LBFGS keeps memory flat with no scope around it", () => {
  const p = start();
  const optimizer = own(new optim.LBFGS([p], { lr: 0.01, maxIter: 4, historySize: 2 }));
  const bytes: number[] = [];
  for (let i = 0; i < 30; i++) {
    optimizer.step(() => valley(optimizer, p));
    bytes.push(memory().live);
  }
  expect(bytes.at(-1)).toBe(bytes[15]);
  for (const t of made.splice(0)) t.dispose();
});
