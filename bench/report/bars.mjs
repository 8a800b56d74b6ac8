import { COMPILED, COMPUTE, COPY, JAVASCRIPT, OURS, COMPILED_TWICE, TORCH } from "../contenders/list.mjs";
import { CORE, PARTS } from "../measure/sizes.mjs";
import { THREADED } from "../workloads/index.mjs";
import { ADDS, OPS } from "../workloads/ops.mjs";
import { factor, percent, unit } from "./format.mjs";
import { programs, replayed } from "./programs.mjs";
import { lineOf, peakOf, quotient, referenceOf } from "./summary.mjs";
/** @import { Run } from "./run.mjs" */
/** @import { Section } from "./summary.mjs" */

/** @typedef {{ what: string, value: number | null, bar: number, most?: boolean, show: (value: number) => string }} Bar */

const KB = 1000;

/** The training steps: milliseconds, and times PyTorch's. @type {{ workload: string, name: string, ms?: number, times?: number }[]} */
const STEPS = [
  { workload: "xor", name: "XOR", ms: 0.004 },
  { workload: "mlp", name: "MLP", ms: 1.8, times: 2 },
  { workload: "cnn", name: "CNN", ms: 11, times: 1 },
  { workload: "lstm", name: "LSTM", times: 1.7 },
  { workload: "gru", name: "GRU", times: 1.7 },
  { workload: "resnet", name: "ResNet", times: 1.3 },
  { workload: "gpt", name: "GPT", times: 2.2 },
];

/**
 * What simdgrad sets out to reach. Times are best slices, ratios medians of the rounds.
 * @param {Run} run
 * @returns {Bar[]}
 */
export function bars({ sections, startup, sizes, machine }) {
  /** Whether there are multiply-adds: relaxed SIMD. */
  const relaxed = Number(/\d+/.exec(machine.node)?.[0]) >= 22;
  return [
    ...speedBars(sections, relaxed),
    ...opBars(sections),
    ...stepBars(sections),
    ...programBars(sections),
    ...eagerBars(sections),
    {
      what: "training step without loading, of one with it",
      value: lineOf(sections, "loader", COMPUTE)?.ratio?.median ?? null,
      bar: 0.85,
      show: percent,
    },
    ...startBars(startup),
    ...[
      { page: CORE, bar: 120 },
      { page: PARTS, bar: 160 },
    ].map(({ page, bar }) => ({
      what: `${page}, gzip`,
      value: (sizes?.find(({ file }) => file === page)?.gzip ?? NaN) / KB || null,
      bar,
      most: true,
      show: unit(1, "KB"),
    })),
  ];
}

/** @param {Run["startup"]} startup @returns {Bar[]} */
function startBars(startup) {
  const peers = startup?.starts.filter(({ contender }) => contender !== OURS) ?? [];
  return [
    {
      what: "first product in Node, over an empty process",
      value: startup?.starts.find(({ contender }) => contender === OURS)?.over.median ?? null,
      bar: 30,
      most: true,
      show: unit(1, "ms"),
    },
    {
      what: "first product in Node: the fastest peer takes",
      value: peers.length > 0 ? Math.min(...peers.map(({ times }) => times.median)) : null,
      bar: 1,
      show: factor,
    },
  ];
}

/** @param {Section[]} sections @param {boolean} relaxed @returns {Bar[]} */
function speedBars(sections, relaxed) {
  const peak = peakOf(sections);
  /** @param {string} workload */
  const share = (workload) => {
    const speed = lineOf(sections, workload, OURS)?.gflops;
    return speed && peak ? speed / peak : null;
  };
  return [
    ...[256, 512, 1024].map((n) => ({
      what: `GEMM ${n}, of the madd peak`,
      value: share(`gemm-${n}`),
      bar: relaxed ? 0.88 : 0.6,
      show: percent,
    })),
    ...(relaxed
      ? [
          { what: "GEMM 64, of the madd peak", value: share("gemm-64"), bar: 0.65, show: percent },
          ...sections
            .filter(({ family }) => family === "conv")
            .map(({ workload, title }) => ({
              what: `convolution 3×3, ${title}, of the madd peak`,
              value: share(workload),
              bar: 0.85,
              show: percent,
            })),
        ]
      : []),
  ];
}

/** @param {Section[]} sections @returns {Bar[]} */
function opBars(sections) {
  return OPS.flatMap(({ op, title, bound }) => {
    const section = sections.find(({ workload }) => workload === `op-${op}`);
    const rivals = section?.lines.filter(({ contender }) => JAVASCRIPT.includes(contender)) ?? [];
    const ratios = rivals.flatMap(({ ratio }) => (ratio ? [ratio.median] : []));
    const [ours, copy] = [OURS, COPY].map(
      (name) => section?.lines.find((line) => line.contender === name)?.gbps,
    );
    return [
      {
        what: `${title}: the fastest peer in JavaScript takes`,
        value: ratios.length > 0 ? Math.min(...ratios) : null,
        bar: 1,
        show: factor,
      },
      {
        what: `${title}, times PyTorch's`,
        value: quotient(section, OURS, TORCH)?.median ?? null,
        bar: 2,
        most: true,
        show: factor,
      },
      ...(bound
        ? [
            {
              what: `${title}, of a copy's bytes per second`,
              value: ours && copy ? ours / copy : null,
              bar: 0.7,
              show: percent,
            },
          ]
        : []),
    ];
  });
}

/** @param {Section[]} sections @returns {Bar[]} */
function stepBars(sections) {
  return [
    ...STEPS.flatMap(({ workload, name, ms, times }) => {
      const section = sections.find((other) => other.workload === workload);
      const best = section ? (referenceOf(section)?.best ?? null) : null;
      const ratio = section ? (quotient(section, section.reference, TORCH)?.median ?? null) : null;
      const small = ms !== undefined && ms < 1;
      return [
        ...(ms === undefined
          ? []
          : [
              {
                what: `${name} training step`,
                value: best === null ? null : best * 1e3,
                bar: ms,
                most: true,
                show: small ? unit(1e3, "µs") : unit(1, "ms"),
              },
            ]),
        ...(times === undefined
          ? []
          : [
              {
                what: `${name} training step, times PyTorch's`,
                value: ratio,
                bar: times,
                most: true,
                show: factor,
              },
            ]),
      ];
    }),
    ...THREADED.map((name) => {
      const section = sections.find(({ workload }) => workload === `threads-${name}`);
      return {
        what: `two threads over one: ${name}`,
        value: quotient(section, COMPILED, COMPILED_TWICE)?.median ?? null,
        bar: 1.7,
        show: factor,
      };
    }),
  ];
}

/** @param {Section[]} sections @returns {Bar[]} */
function programBars(sections) {
  const overheads = programs(sections).map(({ arenaBytes, boundBytes }) => arenaBytes / boundBytes);
  return [
    {
      what: "memory of a compiled step over the least possible, the worst",
      value: overheads.length > 0 ? Math.max(...overheads) : null,
      bar: 1.15,
      most: true,
      show: factor,
    },
    {
      what: "a replayed command",
      value: replayed(sections),
      bar: 20e-9,
      most: true,
      show: unit(1e9, "ns"),
    },
  ];
}

/** @param {Section[]} sections @returns {Bar[]} */
function eagerBars(sections) {
  /** Seconds an op. @param {string} workload */
  const perAdd = (workload) => {
    const step = lineOf(sections, workload, OURS)?.best ?? null;
    return step === null ? null : step / ADDS;
  };
  return [
    { what: "add of 16 elements", value: perAdd("add"), bar: 1.5e-6, most: true, show: unit(1e6, "µs") },
    {
      what: "add of 16 elements, recorded",
      value: perAdd("add-grad"),
      bar: 3e-6,
      most: true,
      show: unit(1e6, "µs"),
    },
  ];
}

/** @param {Bar} bar */
export const reached = ({ value, bar, most }) => value !== null && (most ? value <= bar : value >= bar);

/**
 * Those of which anything was measured.
 * @param {Bar[]} list
 */
export const barRows = (list) =>
  list
    .filter(({ value }) => value !== null)
    .map((bar) => [
      bar.what,
      bar.show(Number(bar.value)),
      `${bar.most ? "≤" : "≥"} ${bar.show(bar.bar)}`,
      reached(bar) ? "reached" : "missed",
    ]);
