import { COPY, OURS, PEAK } from "../contenders/list.mjs";
import { TRAINING } from "../workloads/index.mjs";
import { barRows, bars } from "./bars.mjs";
import { KNOWN_MACHINE, suspicions } from "./expected.mjs";
import { factor, number, percent, ratio, time } from "./format.mjs";
import { programs, replayed } from "./programs.mjs";
import { lineOf, peakOf } from "./summary.mjs";
/** @import { Run } from "./run.mjs" */
/** @import { Line, Section } from "./summary.mjs" */

/**
 * A part of the report, whatever it is written in.
 * @typedef {object} Chapter
 * @property {string} title
 * @property {string} [note]
 * @property {{ head: string[], rows: string[][] }[]} tables
 * @property {string[]} [remarks] one a line
 * @property {[who: string, words: string][]} [quotes] why contenders cannot, in their own words
 */

/**
 * @param {Run} run
 * @returns {Chapter[]}
 */
export function chapters(run) {
  const { sections, startup, sizes } = run;
  /** @param {string[]} names */
  const of = (...names) => sections.filter(({ family }) => names.includes(family));
  const peak = peakOf(sections);
  return [
    ...grid("GEMM f32, n × n", "n", of("gemm"), peak),
    ...grid(
      "Convolution 3×3 of 8 × 64 × 28 × 28 to 64 channels, flops of the direct algorithm",
      "",
      of("conv"),
      peak,
    ),
    ...ops(of("ops")),
    ...of("eager", ...TRAINING).map(step),
    ...of("threads").map(step),
    ...replay(sections),
    ...memory(sections),
    ...of("loader").map(step),
    ...(startup ? [startUp(startup)] : []),
    ...(sizes ? [sizeOf(sizes)] : []),
    ...goals(run),
    ...flags(sections),
  ];
}

/**
 * Contenders as rows, workloads as columns; first the speeds, then by how much ours is faster.
 * @param {string} title
 * @param {string} corner
 * @param {Section[]} sections
 * @param {number | null} peak
 * @returns {Chapter[]}
 */
function grid(title, corner, sections, peak) {
  if (sections.length === 0) return [];
  const names = sections[0]?.lines.map(({ contender }) => contender) ?? [];
  const columns = sections.map(({ title }) => title.replace(/^GEMM f32 /, ""));
  /** @param {(line: Line) => string} cell @param {string[]} rows */
  const cells = (cell, rows) =>
    rows.map((name) => [
      name,
      ...sections.map(({ workload }) => {
        const line = lineOf(sections, workload, name);
        return line ? cell(line) : "";
      }),
    ]);
  const speeds = cells(({ contender, gflops }) => {
    if (gflops === null) return "—";
    const share = contender === OURS && peak !== null ? ` (${percent(gflops / peak)})` : "";
    return number(gflops) + share;
  }, names);
  const peers = names.filter((name) =>
    sections.some(({ workload }) => lineOf(sections, workload, name)?.ratio),
  );
  const times = cells((line) => ratio(line.ratio) || "—", peers);
  return [
    {
      title,
      note: `GFLOP/s, best slice${peak === null ? "" : `; of the madd peak of ${number(peak)} GFLOP/s`}. Then times as long as simdgrad: median of the rounds (least…most).`,
      tables: [
        { head: [corner, ...columns], rows: speeds },
        ...(peers.length > 0 ? [{ head: ["times as long", ...columns], rows: times }] : []),
      ],
      quotes: complaints(sections),
    },
  ];
}

/**
 * Ops as rows.
 * @param {Section[]} sections
 * @returns {Chapter[]}
 */
function ops(sections) {
  if (sections.length === 0) return [];
  const peers = (sections[0]?.lines ?? []).filter(({ contender }) => ![COPY, OURS].includes(contender));
  const rows = sections.map(({ workload, title, lines }) => {
    const ours = lineOf(sections, workload, OURS);
    const copy = lineOf(sections, workload, COPY)?.gbps;
    const share = ours?.gbps && copy ? ` (${percent(ours.gbps / copy)})` : "";
    return [
      title,
      ours?.best ? time(ours.best) : "—",
      ours?.gbps ? number(ours.gbps) + share : "—",
      ...peers.map(
        ({ contender }) => ratio(lines.find((line) => line.contender === contender)?.ratio ?? null) || "—",
      ),
    ];
  });
  return [
    {
      title: "Single ops",
      note: "On 1,024 × 1,024 elements where nothing else is said. GB/s of the bytes that must move at least, best slice (of a copy's).",
      tables: [
        {
          head: ["", "simdgrad", "GB/s", ...peers.map(({ contender }) => `${contender} takes, times`)],
          rows,
        },
      ],
      quotes: complaints(sections),
    },
  ];
}

/** @param {Section} section @returns {Chapter} */
function step(section) {
  const rows = section.lines
    .filter(({ best, contender }) => best !== null && contender !== PEAK)
    .map((line) => [
      line.contender,
      line.best === null ? "—" : time(line.best),
      line.median === null ? "—" : time(line.median),
      ratio(line.ratio),
    ]);
  return {
    title: section.title,
    tables:
      rows.length > 0
        ? [{ head: ["", "best", "median", `times as long as ${section.reference}`], rows }]
        : [],
    quotes: complaints([section]),
  };
}

/** @param {Section[]} sections @returns {Chapter[]} */
function replay(sections) {
  const section = sections.find(({ family }) => family === "replay");
  if (!section) return [];
  const each = replayed(sections);
  const note = `${number(Number(each) * 1e9)} ns a command, the call of the program included.`;
  return [{ ...step(section), ...(each === null ? {} : { note }) }];
}

/** @param {Section[]} sections @returns {Chapter[]} */
function memory(sections) {
  const MB = 1e6;
  const rows = programs(sections).map(
    ({ workload, commands, fused, arenaBytes, boundBytes, intermediateBytes }) => [
      workload,
      String(commands),
      fused === undefined ? "—" : String(fused),
      number(arenaBytes / MB),
      number(boundBytes / MB),
      factor(arenaBytes / boundBytes),
      number(intermediateBytes / MB),
    ],
  );
  if (rows.length === 0) return [];
  return [
    {
      title: "Memory of compiled training steps",
      note: "MB of the arena that all intermediates of a step share; the bound is what is alive at one time, the sum what they would take each in a place of its own.",
      tables: [{ head: ["", "commands", "fused", "arena", "bound", "arena over bound", "sum"], rows }],
    },
  ];
}

/** @param {NonNullable<Run["startup"]>} figures @returns {Chapter} */
const startUp = ({ times, empty, starts }) => ({
  title: "Start",
  note: `From the start of a process to its first product of two matrices, ms: median (least…most) of ${times} processes each, in turn. One that does nothing takes ${ratio(empty)}.`,
  tables: [
    {
      head: ["", "whole", "over the empty one", "times ours"],
      rows: starts.map(({ contender, whole, over, times }) => [
        contender,
        ratio(whole),
        ratio(over),
        ratio(times),
      ]),
    },
  ],
});

/** @param {NonNullable<Run["sizes"]>} sizes @returns {Chapter} */
const sizeOf = (sizes) => ({
  title: "Size",
  tables: [
    {
      head: ["bytes", "plain", "gzip"],
      rows: sizes.map(({ file, bytes, gzip }) => [file, number(bytes), number(gzip)]),
    },
  ],
});

/** @param {Run} run @returns {Chapter[]} */
function goals(run) {
  const rows = barRows(bars(run));
  if (rows.length === 0) return [];
  return [{ title: "What it must reach", tables: [{ head: ["", "measured", "bar", ""], rows }] }];
}

/** @param {Section[]} sections @returns {Chapter[]} */
function flags(sections) {
  const remarks = suspicions(sections);
  if (remarks.length === 0) return [];
  return [
    {
      title: "Set-ups that look broken",
      note: `More than 1.5 × off what is known of them on ${KNOWN_MACHINE}, idle. There, such a set-up is broken or the machine was at work; on another kind of machine this says nothing.`,
      tables: [],
      remarks,
    },
  ];
}

/** Each once. @param {Section[]} sections @returns {[string, string][]} */
function complaints(sections) {
  /** @type {Map<string, [string, string]>} */
  const told = new Map();
  for (const { lines } of sections) {
    for (const { contender, error } of lines) {
      if (error !== null) told.set(`${contender}: ${error}`, [contender, error]);
    }
  }
  return [...told.values()];
}
