import { AHEAD } from "./parts.ts";
import type { Day } from "./weather.ts";

/** For each day of a year the highs of the AHEAD days from it on. */
export type Forecasts = readonly (readonly number[])[];

/** What really came, and two guesses that need no network, for `count` windows of the last year. */
export function guesses(
  days: readonly Day[],
  year: number,
  count: number,
): { truth: Forecasts; asToday: Forecasts; asLastYear: Forecasts } {
  const first = days.findIndex((day) => day.year === year);
  const each = (dayFor: (tomorrow: number, ahead: number) => number): Forecasts =>
    Array.from({ length: count }, (_, i) =>
      Array.from({ length: AHEAD }, (__, ahead) => days[dayFor(first + i, ahead)]?.high ?? NaN),
    );
  return {
    truth: each((tomorrow, ahead) => tomorrow + ahead),
    asToday: each((tomorrow) => tomorrow - 1),
    asLastYear: each((tomorrow, ahead) => tomorrow + ahead - 365),
  };
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** How far forecasts are off, for one day ahead, for two, …: the mean of the year, in °C. */
export const errorsOf = (forecasts: Forecasts, truth: Forecasts): number[] =>
  Array.from({ length: AHEAD }, (_, ahead) =>
    mean(truth.map((days, i) => Math.abs((days[ahead] ?? NaN) - (forecasts[i]?.[ahead] ?? NaN)))),
  );
