import * as ops from "../../../src/ops/index.ts";
import { tensor, zeros, type Tensor } from "../../../src/index.ts";
import { nd, type Nd } from "../nd.ts";
import { f32, type Input, type OpSpec, type Sample } from "../spec.ts";

type Kind = "rnn" | "gru" | "lstm";
const GATES: Readonly<Record<Kind, number>> = { rnn: 1, gru: 3, lstm: 4 };

interface Attrs {
  /** Names of the inputs behind x: states, then weights. */
  readonly names: readonly string[];
  readonly relu?: boolean;
  readonly batchFirst?: boolean;
  readonly lengths?: readonly number[];
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const row = (x: Nd, i: number): number[] => {
  const n = x.shape.at(-1) as number;
  return Array.from(x.data.subarray(i * n, (i + 1) * n));
};
const product = (w: Nd, x: readonly number[], bias: Nd | undefined): number[] =>
  Array.from({ length: w.shape[0] as number }, (_, i) =>
    row(w, i).reduce((sum, v, j) => sum + v * (x[j] as number), bias?.data[i] ?? 0),
  );

type Weights = Readonly<Record<string, Nd>>;
interface State {
  readonly h: readonly number[];
  readonly c: readonly number[];
}

/** PyTorch's equations for one step of one sequence. */
function step(
  kind: Kind,
  x: readonly number[],
  { h, c }: State,
  w: Weights,
  suffix: string,
  relu: boolean,
): State {
  const a = product(w[`weight_ih${suffix}`] as Nd, x, w[`bias_ih${suffix}`]);
  const b = product(w[`weight_hh${suffix}`] as Nd, h, w[`bias_hh${suffix}`]);
  const H = h.length;
  const gate = (values: readonly number[], i: number, k: number): number => values[i * H + k] as number;
  const sum = (i: number, k: number): number => gate(a, i, k) + gate(b, i, k);
  if (kind === "rnn") {
    const f = (v: number): number => (relu ? Math.max(0, v) : Math.tanh(v));
    return { h: h.map((_, k) => f(sum(0, k))), c };
  }
  if (kind === "gru") {
    return {
      h: h.map((before, k) => {
        const n = Math.tanh(gate(a, 2, k) + sigmoid(sum(0, k)) * gate(b, 2, k));
        const z = sigmoid(sum(1, k));
        return (1 - z) * n + z * before;
      }),
      c,
    };
  }
  const cell = c.map((before, k) => sigmoid(sum(1, k)) * before + sigmoid(sum(0, k)) * Math.tanh(sum(2, k)));
  return { h: cell.map((v, k) => sigmoid(sum(3, k)) * Math.tanh(v)), c: cell };
}

/** Every sequence alone, layer by layer; outputs, hn and cn flat, one behind the other. */
function reference(kind: Kind, inputs: readonly Nd[], attrs: Attrs): Nd {
  const [x, ...rest] = inputs as [Nd, ...Nd[]];
  const w = Object.fromEntries(rest.map((t, i) => [attrs.names[i] as string, t]));
  const alone = x.shape.length === 2;
  const [d0, d1] = x.shape as [number, number];
  const [time, batch] = alone ? [d0, 1] : attrs.batchFirst ? [d1, d0] : [d0, d1];
  const H = (w["weight_hh_l0"] as Nd).shape[1] as number;
  const directions = "weight_hh_l0_reverse" in w ? ["", "_reverse"] : [""];
  const layers = "weight_hh_l1" in w ? 2 : 1;
  const width = directions.length * H;
  const y = new Float64Array(time * batch * width);
  const hn = new Float64Array(layers * directions.length * batch * H);
  const cn = new Float64Array(hn.length);
  for (let b = 0; b < batch; b++) {
    const length = attrs.lengths?.[b] ?? time;
    const at = (t: number): number => (attrs.batchFirst && !alone ? b * time + t : t * batch + b);
    let sequence = Array.from({ length }, (_, t) => row(x, at(t)));
    for (let l = 0; l < layers; l++) {
      const outputs = directions.map((suffix, d) => {
        const slot = (l * directions.length + d) * batch + b;
        const initial = (name: string): number[] =>
          name in w ? row(w[name] as Nd, slot) : Array<number>(H).fill(0);
        let state: State = { h: initial("h0"), c: initial("c0") };
        const steps = d === 1 ? [...sequence].reverse() : sequence;
        const all = steps.map((v) => {
          state = step(kind, v, state, w, `_l${l}${suffix}`, attrs.relu ?? false);
          return state.h;
        });
        hn.set(state.h, slot * H);
        cn.set(state.c, slot * H);
        return d === 1 ? [...all].reverse() : all;
      });
      sequence = sequence.map((_, t) => outputs.flatMap((all) => all[t] as readonly number[]));
    }
    sequence.forEach((v, t) => {
      y.set(v, at(t) * width);
    });
  }
  const parts = kind === "lstm" ? [...y, ...hn, ...cn] : [...y, ...hn];
  return nd([parts.length], parts);
}

interface Layout {
  readonly layers?: number;
  readonly reverse?: boolean;
  readonly bias?: boolean;
  readonly states?: boolean;
}

/** A sample of a network that reads x. */
function sample(
  kind: Kind,
  x: readonly number[],
  hidden: number,
  { layers = 1, reverse = false, bias = true, states = true }: Layout = {},
  attrs: Omit<Attrs, "names"> = {},
): Sample {
  const directions = reverse ? ["", "_reverse"] : [""];
  const batch = x.length === 2 ? [] : [attrs.batchFirst ? x[0] : x[1]];
  const named: [string, Input][] = [];
  if (states) {
    for (const name of kind === "lstm" ? ["h0", "c0"] : ["h0"])
      named.push([name, f32([layers * directions.length, ...(batch as number[]), hidden], -1, 1)]);
  }
  const rows = GATES[kind] * hidden;
  for (let l = 0; l < layers; l++) {
    for (const suffix of directions) {
      const width = l === 0 ? (x.at(-1) as number) : directions.length * hidden;
      named.push([`weight_ih_l${l}${suffix}`, f32([rows, width], -1, 1)]);
      named.push([`weight_hh_l${l}${suffix}`, f32([rows, hidden], -1, 1)]);
      if (!bias) continue;
      named.push(
        [`bias_ih_l${l}${suffix}`, f32([rows], -1, 1)],
        [`bias_hh_l${l}${suffix}`, f32([rows], -1, 1)],
      );
    }
  }
  return {
    inputs: [f32(x), ...named.map(([, input]) => input)],
    attrs: { names: named.map(([name]) => name), ...attrs } satisfies Attrs,
  };
}

function samples(kind: Kind): Sample[] {
  return [
    sample(kind, [2, 2, 1], 1),
    sample(kind, [2, 2, 1], 1, { reverse: true, bias: false, states: false }),
    sample(kind, [2, 3, 1], 1, { states: false }, { batchFirst: true, lengths: [3, 1] }),
    sample(kind, [3, 2, 1], 1, { reverse: true, bias: false }, { lengths: [0, 2] }),
    sample(kind, [2, 2], 2, { bias: false }),
    sample(kind, [3, 2, 2], 3, { layers: 2, reverse: true }),
    sample(kind, [3, 4, 2], 2, { layers: 2, reverse: true }, { batchFirst: true, lengths: [2, 4, 3] }),
    sample(kind, [2, 5, 3], 5),
    sample(kind, [1, 0, 3], 2),
  ];
}

function call(kind: Kind, inputs: readonly Tensor[], { names, relu, ...options }: Attrs): Tensor {
  const [x, ...rest] = inputs as [Tensor, ...Tensor[]];
  const { h0, c0, ...weights } = Object.fromEntries(rest.map((t, i) => [names[i] as string, t])) as Record<
    string,
    Tensor
  >;
  const results =
    kind === "lstm"
      ? ops.lstm(x, h0 && c0 ? [h0, c0] : null, weights, options)
      : kind === "gru"
        ? ops.gru(x, h0, weights, options)
        : ops.rnn(x, h0, weights, { ...options, nonlinearity: relu ? "relu" : "tanh" });
  return ops.cat(results.map((t) => ops.flatten(t)));
}

const weightsOf = (kind: Kind, inputs: number, hidden: number): Record<string, Tensor> => ({
  weight_ih_l0: zeros([GATES[kind] * hidden, inputs]),
  weight_hh_l0: zeros([GATES[kind] * hidden, hidden]),
});

function errors(kind: Kind): NonNullable<OpSpec["errors"]> {
  const run = (x: Tensor, h0: Tensor | null, weights: Record<string, Tensor>, options = {}): unknown =>
    kind === "lstm"
      ? ops.lstm(x, h0 && [h0, h0], weights, options)
      : kind === "gru"
        ? ops.gru(x, h0, weights, options)
        : ops.rnn(x, h0, weights, options);
  const x = (): Tensor => zeros([4, 2, 3]);
  const w = (): Record<string, Tensor> => weightsOf(kind, 3, 5);
  const rows = GATES[kind] * 5;
  return [
    [
      () => run(zeros([3]), null, w()),
      "ShapeError",
      /takes \[time, batch, features\] or \[time, features\], got \[3\]/,
    ],
    [() => run(zeros([0, 2, 3]), null, w()), "ShapeError", /needs at least one step/],
    [() => run(x(), null, {}), "ValueError", /hiddenSize must be/],
    [() => run(x(), null, w(), { numLayers: 2 }), "ValueError", /the weights lack weight_ih_l1/],
    [() => run(x(), null, w(), { bias: true }), "ValueError", /lack bias_ih_l0/],
    [
      () => run(x(), null, { ...w(), weight_hr_l0: zeros([1]) }),
      "ValueError",
      /nothing uses the weights weight_hr_l0/,
    ],
    [
      () => run(zeros([4, 2, 6]), null, w()),
      "ShapeError",
      new RegExp(`weight_ih_l0 must be \\[${rows}, 6\\] \\(layer 0: 6 inputs, hidden size 5`),
    ],
    [() => run(x(), zeros([1, 5]), w()), "ShapeError", /h0 must be \[1, 2, 5\]/],
    [() => run(x(), null, w(), { hiddenSize: 4 }), "ShapeError", /weight_ih_l0 must be/],
    [() => run(x(), null, w(), { inputSize: 4 }), "ShapeError", /the input has 3 features, inputSize is 4/],
    [() => run(x(), null, w(), { dropout: 2 }), "ValueError", /dropout must lie in \[0, 1\], got 2/],
    [
      () => run(x(), null, w(), { lengths: [4, 5] }),
      "ValueError",
      /length 5 of sequence 1 is outside \[0, 4\]/,
    ],
    [() => run(x(), null, w(), { lengths: [4] }), "ShapeError", /lengths must be \[2\]/],
    [() => run(x(), null, w(), { lengths: zeros([2]) }), "DTypeError", /lengths must be i32, got f32/],
    [
      () => run(x(), null, w(), { lengths: tensor(Int32Array.of(-1, 4)) }),
      "ValueError",
      /length -1 of sequence 0 is outside \[0, 4\]/,
    ],
  ];
}

function spec(kind: Kind): OpSpec {
  return {
    samples: samples(kind),
    call: (inputs, attrs: Attrs) => call(kind, inputs, attrs),
    reference: (inputs, attrs: Attrs) => reference(kind, inputs, attrs),
    errors: errors(kind),
  };
}

/** Cells are checked against a sequence of one step. */
function cellSpec(kind: Kind, run: (inputs: readonly Tensor[], names: readonly string[]) => Tensor): OpSpec {
  const stepOf = (s: Sample): Sample => ({
    ...s,
    // x without its time, states without their layer
    inputs: s.inputs.map((t, i) => {
      const isState = ["h0", "c0"].includes((s.attrs as Attrs).names[i - 1] ?? "");
      return i === 0 || isState ? { ...t, shape: t.shape.slice(1) } : t;
    }),
  });
  return {
    samples: [
      sample(kind, [1, 2, 1], 1),
      sample(kind, [1, 3, 4], 5, { bias: false }),
      sample(kind, [1, 2, 3], 2, { states: false }),
      sample(kind, [1, 3], 2),
    ].map(stepOf),
    call: (inputs, { names }: Attrs) => run(inputs, names),
    reference: ([x, ...rest], attrs: Attrs) => {
      const all = reference(kind, [nd([1, ...(x as Nd).shape], (x as Nd).data), ...rest], attrs);
      const H = (rest[attrs.names.indexOf("weight_hh_l0")] as Nd).shape[1] as number;
      const lead = (x as Nd).shape.slice(0, -1);
      const n = H * lead.reduce((a, b) => a * b, 1);
      return kind === "lstm"
        ? nd([2, ...lead, H], all.data.subarray(n))
        : nd([...lead, H], all.data.subarray(n));
    },
  };
}

function cellArguments(
  inputs: readonly Tensor[],
  names: readonly string[],
): { x: Tensor; h: Tensor | undefined; c: Tensor | undefined; weights: ops.CellWeights } {
  const [x, ...rest] = inputs as [Tensor, ...Tensor[]];
  const { h0, c0, ...others } = Object.fromEntries(rest.map((t, i) => [names[i] as string, t])) as Record<
    string,
    Tensor
  >;
  const weights = Object.fromEntries(Object.entries(others).map(([name, t]) => [name.replace("_l0", ""), t]));
  return { x, h: h0, c: c0, weights: weights as unknown as ops.CellWeights };
}

const cellWeights = (rows: number): ops.CellWeights => ({
  weight_ih: zeros([rows, 3]),
  weight_hh: zeros([rows, 5]),
});

export const recurrentSpecs = {
  rnn: {
    ...spec("rnn"),
    samples: [
      ...samples("rnn"),
      sample("rnn", [3, 2, 2], 3, {}, { relu: true }),
      sample(
        "rnn",
        [3, 2, 1],
        2,
        { reverse: true, states: false, bias: false },
        { relu: true, lengths: [3, 2] },
      ),
    ],
    errors: [
      ...errors("rnn"),
      [
        () => ops.rnn(zeros([4, 2, 3]), null, weightsOf("rnn", 3, 5), { nonlinearity: "gelu" as "relu" }),
        "ValueError",
        /nonlinearity must be "tanh" or "relu", got "gelu"/,
      ],
    ],
  },
  gru: spec("gru"),
  lstm: spec("lstm"),
  rnnCell: {
    ...cellSpec("rnn", (inputs, names) => {
      const { x, h, weights } = cellArguments(inputs, names);
      return ops.rnnCell(x, h, weights);
    }),
    errors: [
      [() => ops.rnnCell(zeros([1, 2, 3]), null, cellWeights(5)), "ShapeError", /takes \[batch, features\]/],
      [
        () => ops.rnnCell(zeros([2, 3]), null, cellWeights(5), { nonlinearity: "elu" as "relu" }),
        "ValueError",
        /rnnCell: nonlinearity must be/,
      ],
    ],
  },
  gruCell: {
    ...cellSpec("gru", (inputs, names) => {
      const { x, h, weights } = cellArguments(inputs, names);
      return ops.gruCell(x, h, weights);
    }),
    errors: [
      [
        () => ops.gruCell(zeros([2, 3]), null, cellWeights(5)),
        "ShapeError",
        /gruCell: weight_ih must be \[15, 3\]/,
      ],
    ],
  },
  lstmCell: {
    ...cellSpec("lstm", (inputs, names) => {
      const { x, h, c, weights } = cellArguments(inputs, names);
      return ops.stack(ops.lstmCell(x, h && c ? [h, c] : null, weights));
    }),
    errors: [
      [
        () => ops.lstmCell(zeros([2, 3]), [zeros([2, 5]), zeros([2, 4])], cellWeights(20)),
        "ShapeError",
        /lstmCell: c must be \[2, 5\]/,
      ],
    ],
  },
} satisfies Record<string, OpSpec>;
