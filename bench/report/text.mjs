import { COPY, OURS } from "../contenders/list.mjs";
import { BUSY } from "../measure/machine.mjs";
import { number, percent, ratio, table, time } from "./format.mjs";
import { lineOf, peakOf } from "./summary.mjs";
/** @import { Machine } from "../measure/machine.mjs" */
/** @import { Size } from "../measure/sizes.mjs" */
/** @import { Line, Section } from "./summary.mjs" */

/**
 * @param {Machine} machine
 * @param {Map<string, string>} about
 */
export function machineText(machine, about) {
  const { cpu, cores, memory, system, load, node, v8 } = machine;
  const lines = [
    `${cpu}, ${cores} cores, ${memory} GiB, ${system}; Node ${node} (V8 ${v8}); load before the start: ${load}`,
    ...[...about].map(([name, text]) => `${name}: ${text}`),
  ];
  if (load > BUSY) lines.push(`WARNING: the machine was busy (load ${load} > ${BUSY}): no figures to quote.`);
  return lines.join("\n");
}

/** @param {Line} line */
const broken = ({ error, best }) => error !== null && best === null;

/**
 * Contenders as rows, sizes as columns; first the speeds, then by how much ours is faster.
 * @param {Section[]} sections
 */
export function gemmText(sections) {
  if (sections.length === 0) return "";
  const peak = peakOf(sections);
  const names = sections[0]?.lines.map(({ contender }) => contender) ?? [];
  const sizes = sections.map(({ title }) => title.replace(/^\D+\d+ /, ""));
  /** @param {(line: Line) => string} cell @param {string[]} rows */
  const grid = (cell, rows) =>
    rows.map((name) => [
      name,
      ...sections.map(({ workload }) => {
        const line = lineOf(sections, workload, name);
        return line ? cell(line) : "";
      }),
    ]);
  const speeds = grid(({ contender, gflops }) => {
    if (gflops === null) return "—";
    const share = contender === OURS && peak !== null ? ` (${percent(gflops / peak)})` : "";
    return number(gflops) + share;
  }, names);
  const peers = names.filter((name) => lineOf(sections, sections[0]?.workload ?? "", name)?.ratio);
  return [
    `GEMM f32 n×n, GFLOP/s, best slice${peak === null ? "" : `; of the madd peak of ${number(peak)} GFLOP/s`}`,
    table(["n", ...sizes], speeds),
    ...(peers.length > 0
      ? [
          "",
          "times as long as simdgrad: median of the rounds (least…most)",
          table(
            ["n", ...sizes],
            grid((line) => ratio(line.ratio), peers),
          ),
        ]
      : []),
    ...complaints(sections),
  ].join("\n");
}

/**
 * Ops as rows.
 * @param {Section[]} sections
 */
export function opsText(sections) {
  if (sections.length === 0) return "";
  const peers = (sections[0]?.lines ?? []).filter(({ contender }) => ![COPY, OURS].includes(contender));
  const rows = sections.map(({ workload, title, lines }) => {
    const ours = lineOf(sections, workload, OURS);
    const copy = lineOf(sections, workload, COPY)?.gbps;
    const share = ours?.gbps && copy ? ` (${percent(ours.gbps / copy)})` : "";
    return [
      title,
      ours?.best ? time(ours.best) : "—",
      ours?.gbps ? number(ours.gbps) + share : "—",
      copy ? number(copy) : "—",
      ...peers.map(({ contender }) => {
        const line = lines.find((line) => line.contender === contender);
        return line?.ratio ? ratio(line.ratio) : "—";
      }),
    ];
  });
  return [
    "ops, on 1,024 × 1,024 elements where nothing else is said; GB/s of the bytes that must move at least, best slice (of a copy's)",
    table(["", "simdgrad", "GB/s", "copy", ...peers.map(({ contender }) => `times: ${contender}`)], rows),
    ...complaints(sections),
  ].join("\n");
}

/** @param {Section} section */
export function stepText(section) {
  const rows = section.lines
    .filter((line) => !broken(line))
    .map((line) => [
      line.contender,
      line.best === null ? "—" : time(line.best),
      line.median === null ? "—" : time(line.median),
      ratio(line.ratio),
    ]);
  return [
    section.title,
    table(["", "best", "median", "times simdgrad's (least…most)"], rows),
    ...complaints([section]),
  ].join("\n");
}

/** @param {Section[]} sections */
function complaints(sections) {
  const told = new Set();
  return sections.flatMap(({ lines }) =>
    lines.flatMap(({ contender, error }) => {
      const text = `${contender}: ${error}`;
      if (error === null || told.has(text)) return [];
      told.add(text);
      return [text];
    }),
  );
}

/** @param {{ empty: number, tensor: number, over: number, times: number }} startup */
export const startupText = ({ empty, tensor, over, times }) =>
  `first tensor after import, whole process, median of ${times}: ${number(tensor)} ms; an empty one ${number(empty)} ms; over it ${number(over)} ms`;

/** @param {Size[]} sizes */
export function sizesText(sizes) {
  const rows = sizes.map(({ file, bytes, gzip }) => [file, number(bytes), number(gzip)]);
  return table(["bytes", "plain", "gzip"], rows);
}
