import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { readCsv } from "simdgrad/csv";

/** What was measured each day; first what is to be foretold. */
const MEASURED = ["temp_max", "temp_min", "precipitation", "wind"];

/** A day in Seattle. */
export interface Day {
  readonly year: number;
  /** Highest temperature, °C. */
  readonly high: number;
  /** The measurements, and where in the year the day lies, as a point on a circle. */
  readonly features: number[];
}

/** 2012 to 2015, day by day. */
export function readDays(): readonly Day[] {
  const file = join(
    createRequire(import.meta.url).resolve("vega-datasets"),
    "../../data/seattle-weather.csv",
  );
  const columns = readCsv(readFileSync(file, "utf8"), { name: file });
  return (columns["date"] ?? []).map((date, row) => {
    const measured = MEASURED.map((name) => Number(columns[name]?.[row]));
    const year = Number(date.slice(0, 4));
    const angle = (2 * Math.PI * (Date.parse(date) - Date.UTC(year, 0))) / (365.25 * 86_400_000);
    return { year, high: measured[0] ?? NaN, features: [...measured, Math.sin(angle), Math.cos(angle)] };
  });
}
