import { COMPUTE, COPY, OURS } from "../contenders/list.mjs";
import { ADDS, OPS } from "../workloads/ops.mjs";
import { number, percent, table } from "./format.mjs";
import { lineOf, peakOf } from "./summary.mjs";
/** @import { Section } from "./summary.mjs" */
/** @import { Size } from "../measure/sizes.mjs" */

/** @typedef {{ over: number }} Startup */
/** @typedef {{ what: string, value: number | null, bar: number, most?: boolean, show: (value: number) => string }} Bar */
/** @typedef {{ sections: Section[], startup: Startup | null, sizes: Size[] | null, node: string }} Figures */

const KB = 1000;

/**
 * What simdgrad sets out to reach, on one thread. Times are best slices, ratios medians of the rounds.
 * @param {Figures} figures
 * @returns {Bar[]}
 */
export function bars({ sections, startup, sizes, node }) {
  const major = Number(/\d+/.exec(node)?.[0]);
  const peak = peakOf(sections);
  const gemm = lineOf(sections, "gemm-512", OURS)?.gflops ?? null;
  /** @param {string} workload */
  const seconds = (workload) => lineOf(sections, workload, OURS)?.best ?? null;
  /** @param {string} workload @param {string} peer */
  const times = (workload, peer) => lineOf(sections, workload, peer)?.ratio?.median ?? null;
  /** @param {string} workload */
  const shareOfCopy = (workload) => {
    const ours = lineOf(sections, workload, OURS)?.gbps;
    const copy = lineOf(sections, workload, COPY)?.gbps;
    return ours && copy ? ours / copy : null;
  };
  /** Microseconds. @param {string} workload */
  const perAdd = (workload) => {
    const step = seconds(workload);
    return step === null ? null : (step / ADDS) * 1e6;
  };
  /** @param {number} value */
  const factor = (value) => `${number(value)} ×`;
  /** @param {number} factor @param {string} unit @returns {(value: number) => string} */
  const unit = (factor, unit) => (value) => `${number(value * factor)} ${unit}`;
  const wasm = sizes?.filter(({ file }) => file.endsWith(".wasm")).map(({ gzip }) => gzip);
  return [
    {
      what: "GEMM 512, of the madd peak",
      value: gemm !== null && peak !== null ? gemm / peak : null,
      bar: major >= 22 ? 0.8 : 0.5,
      show: percent,
    },
    ...(major >= 24
      ? [
          {
            what: "GEMM 512 against tfjs-wasm",
            value: times("gemm-512", "tfjs-wasm"),
            bar: 1.2,
            show: factor,
          },
          { what: "GEMM 512 against jax-js", value: times("gemm-512", "jax-js"), bar: 1.3, show: factor },
        ]
      : []),
    ...OPS.map(({ op, title }) => ({
      what: `${title}, against tfjs-wasm`,
      value: times(`op-${op}`, "tfjs-wasm"),
      bar: 1,
      show: factor,
    })),
    ...OPS.filter(({ bound }) => bound).map(({ op, title }) => ({
      what: `${title}, of a copy's bytes per second`,
      value: shareOfCopy(`op-${op}`),
      bar: 0.7,
      show: percent,
    })),
    {
      what: "add of 16 elements",
      value: perAdd("add"),
      bar: 1.5,
      most: true,
      show: unit(1, "µs"),
    },
    {
      what: "add of 16 elements, recorded",
      value: perAdd("add-grad"),
      bar: 3,
      most: true,
      show: unit(1, "µs"),
    },
    { what: "CNN training step", value: seconds("cnn"), bar: 0.018, most: true, show: unit(1e3, "ms") },
    { what: "MLP training step against tfjs-wasm", value: times("mlp", "tfjs-wasm"), bar: 8, show: factor },
    { what: "XOR training step", value: seconds("xor"), bar: 60e-6, most: true, show: unit(1e6, "µs") },
    { what: "LSTM training step", value: seconds("lstm"), bar: 0.04, most: true, show: unit(1e3, "ms") },
    {
      what: "training step without loading, of one with it",
      value: times("loader", COMPUTE),
      bar: 0.85,
      show: percent,
    },
    {
      what: "first tensor in Node, over an empty process",
      value: startup?.over ?? null,
      bar: 25,
      most: true,
      show: unit(1, "ms"),
    },
    {
      what: "wasm, larger variant, gzip",
      value: wasm ? Math.max(...wasm) / KB : null,
      bar: 40,
      most: true,
      show: unit(1, "KB"),
    },
  ];
}

/** @param {Bar} bar */
export const reached = ({ value, bar, most }) => value !== null && (most ? value <= bar : value >= bar);

/** @param {Bar[]} list */
export function barsText(list) {
  const rows = list
    .filter(({ value }) => value !== null)
    .map((bar) => [
      bar.what,
      bar.show(Number(bar.value)),
      `${bar.most ? "≤" : "≥"} ${bar.show(bar.bar)}`,
      reached(bar) ? "reached" : "missed",
    ]);
  return rows.length > 0 ? table(["what it must reach", "measured", "bar", ""], rows) : "";
}
