import type { ProfileEntry } from "./entries.ts";

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const milliseconds = (ms: number): string => ms.toFixed(3);

/** Billions a second. */
const rate = (amount: number, ms: number): string => (ms > 0 ? (amount / ms / 1e6).toFixed(1) : "");

/** Operations where there are more of them than bytes, else bytes: what is likelier to take the time. */
const rates = (flops: number, bytes: number, ms: number): [string, string] =>
  flops > bytes ? [rate(flops, ms), ""] : ["", rate(bytes, ms)];

/** Aligned columns: names to the left, numbers to the right. */
export function profileTable(entries: readonly ProfileEntry[], wallMs: number, kernelMs: number): string {
  const own = wallMs - kernelMs;
  const rows = [
    ["", "calls", "ms", "share", "GFLOP/s", "GB/s"],
    ...entries.map(({ name, calls, ms, share, flops, bytes }) => [
      name,
      String(calls),
      milliseconds(ms),
      percent(share),
      ...rates(flops, bytes, ms),
    ]),
    ["JavaScript", "", milliseconds(own), percent(own / wallMs), "", ""],
    ["total", "", milliseconds(wallMs), percent(1), "", ""],
  ];
  const widths = (rows[0] as string[]).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] as string).length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] as number;
          return column === 0 ? cell.padEnd(width) : cell.padStart(width);
        })
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
