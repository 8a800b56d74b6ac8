import { data, tensor, type Tensor } from "simdgrad";
import type { Day } from "./weather.ts";

/** Days that a forecast looks back. */
export const PAST = 28;
/** Days that it looks ahead. */
export const AHEAD = 7;

/** Mean and deviation of each feature over the days of training: nothing of later years may tell. */
export interface Scale {
  readonly mean: Tensor;
  readonly deviation: Tensor;
}

export function scaleOf(days: readonly Day[]): Scale {
  const features = tensor(days.map((day) => day.features));
  return { mean: features.mean({ dim: 0 }), deviation: features.std({ dim: 0 }) };
}

/** The days of some years, and the weeks before them, which their first forecasts look back to. */
export function daysOf(days: readonly Day[], from: number, to: number): readonly Day[] {
  const first = days.findIndex(({ year }) => year === from);
  const after = days.findIndex(({ year }) => year > to);
  return days.slice(Math.max(0, first - PAST), after < 0 ? days.length : after);
}

/** Windows of scaled days: [PAST, features] → the highs of the next days, [AHEAD]. */
export function windowsOf(days: readonly Day[], { mean, deviation }: Scale): data.SlidingWindows {
  const series = tensor(days.map((day) => day.features))
    .sub(mean)
    .div(deviation);
  return new data.SlidingWindows(series, { length: PAST, horizon: AHEAD, target: series.select(1, 0) });
}
