/** @import { Spread } from "../measure/statistics.mjs" */

/**
 * Three significant digits, thousands apart.
 * @param {number} value
 */
export function number(value) {
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** @param {number} seconds */
export const time = (seconds) =>
  seconds < 1e-3 ? `${number(seconds * 1e6)} µs` : `${number(seconds * 1e3)} ms`;

/** @param {Spread | null} ratio */
export function ratio(ratio) {
  if (ratio === null) return "";
  const { median, min, max } = ratio;
  return min === max ? number(median) : `${number(median)} (${number(min)}…${number(max)})`;
}

/** @param {number} share */
export const percent = (share) => `${(100 * share).toFixed(0)} %`;

/**
 * Aligned columns: the first to the left, the others to the right.
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function table(head, rows) {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? "").length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** @param {number} value */
export const factor = (value) => `${number(value)} ×`;

/** @param {number} scale @param {string} unit @returns {(value: number) => string} */
export const unit = (scale, unit) => (value) => `${number(value * scale)} ${unit}`;

/** Cells of a table may hold neither bars nor line ends. @param {string} text */
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/**
 * The same table in Markdown.
 * @param {string[]} head
 * @param {string[][]} rows
 */
export function markdownTable(head, rows) {
  const line = /** @param {string[]} cells */ (cells) => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "--:"))), ...rows.map(line)].join("\n");
}
