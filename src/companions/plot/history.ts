import type { train } from "../../index.ts";
import { COLOURS, render, SAMPLING, xAxis, yAxis } from "./chart.ts";

export interface HistoryPlotOptions {
  readonly title?: string;
  /** Pixels. Default 720. */
  readonly width?: number;
  /** Draw losses in powers of ten. Default false. */
  readonly logLoss?: boolean;
}

type Point = [number, number];

interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  readonly colour: string;
  readonly width: number;
  readonly opacity?: number;
  readonly dots?: boolean;
}

interface Panel {
  readonly name: string;
  readonly log: boolean;
  readonly series: readonly Series[];
}

/** Heights in pixels, from the top: of a panel's drawing, and of what stands below it. */
const DRAWING = 200;
const BELOW = 62;

/** Share of the past in the smoothed loss of steps, of a history of many steps. */
const SMOOTHING = 0.95;

/**
 * A training's history as an SVG document, panels one below the other over the steps: the loss of every step, smoothed, and of training and
 * validation by epoch; each metric that is a number; the learning rate, where it changed.
 * @example
 * writeFileSync("history.svg", historyToSvg(await train.fit(model, loader, options)));
 */
export function historyToSvg(history: train.HistoryData, options: HistoryPlotOptions = {}): string {
  const { title, width = 720, logLoss = false } = options;
  const panels = [lossPanel(history, logLoss), ...metricPanels(history), ...ratePanel(history)];
  const head = title === undefined ? 16 : 48;
  const last = panels.length - 1;
  const top = (i: number): number => head + i * (DRAWING + BELOW);
  const all = panels.flatMap(({ series }, panel) => series.map((one) => ({ ...one, panel })));
  return render(
    {
      ...(title === undefined ? {} : { title: { text: title, left: "center", textStyle: { fontSize: 16 } } }),
      legend: panels.map(({ series }, i) => ({
        show: series.length > 1,
        top: top(i) + DRAWING + (i === last ? 40 : 24),
        left: 72,
        data: series.map(({ name }) => name),
        selectedMode: false,
      })),
      grid: panels.map((_, i) => ({ left: 76, right: 24, top: top(i), height: DRAWING })),
      xAxis: panels.map((_, i) => ({
        ...xAxis(i === last ? "step" : ""),
        gridIndex: i,
        min: Math.min(1, history.steps.loss.length),
        max: Math.max(1, history.steps.loss.length),
      })),
      yAxis: panels.map((panel, i) => ({ ...yAxis(panel), gridIndex: i })),
      series: all.map(({ name, points, colour, width: line, opacity = 1, dots = false, panel }) => ({
        name,
        type: "line",
        xAxisIndex: panel,
        yAxisIndex: panel,
        color: colour,
        lineStyle: { width: line, opacity },
        showSymbol: dots && points.length <= 50,
        symbol: "circle",
        symbolSize: 6,
        ...SAMPLING,
        data: [...points],
      })),
    },
    width,
    top(panels.length) + 16,
  );
}

const colour = (i: number): string => COLOURS[i % COLOURS.length] as string;

/** A value of the epochs over the steps at which they ended. */
const byEpoch = ({ epochs }: train.HistoryData, name: string): Point[] =>
  epochs.flatMap(({ step, values }): Point[] => {
    const value = values[name];
    return typeof value === "number" && Number.isFinite(value) ? [[step, value]] : [];
  });

function lossPanel(history: train.HistoryData, log: boolean): Panel {
  const { loss } = history.steps;
  const series: Series[] = [];
  series.push({
    name: "loss of a step",
    points: loss.map((value, i): Point => [i + 1, value]),
    colour: colour(0),
    width: 1,
    opacity: 0.3,
  });
  if (loss.length >= 100)
    series.push({ name: "smoothed", points: smooth(loss), colour: colour(0), width: 2 });
  const names = ["loss", "valLoss"] as const;
  for (const [i, name] of names.entries()) {
    const points = byEpoch(history, name);
    if (points.length > 0) series.push({ name, points, colour: colour(2 - i), width: 2, dots: true });
  }
  return { name: "loss", log, series };
}

/** An exponential average without the bias of its start. */
function smooth(values: readonly number[]): Point[] {
  let [sum, weight] = [0, 0];
  return values.map((value, i) => {
    sum = SMOOTHING * sum + value;
    weight = SMOOTHING * weight + 1;
    return [i + 1, sum / weight];
  });
}

/** One panel a metric, with its validation: `accuracy` and `valAccuracy`. */
function metricPanels(history: train.HistoryData): Panel[] {
  const names = new Set(history.epochs.flatMap(({ values }) => Object.keys(values)));
  const validated = (name: string): string => `val${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  const bases = [...names].filter(
    (name) => ![...names].some((base) => validated(base) === name) && !["loss", "valLoss"].includes(name),
  );
  return bases.flatMap((base) => {
    const series = [base, validated(base)].flatMap((name, i): Series[] => {
      const points = byEpoch(history, name);
      return points.length === 0 ? [] : [{ name, points, colour: colour(2 - i), width: 2, dots: true }];
    });
    return series.length === 0 ? [] : [{ name: base, log: false, series }];
  });
}

function ratePanel({ steps: { lr } }: train.HistoryData): Panel[] {
  if (lr.every((rate) => rate === lr[0])) return [];
  const points = lr.map((rate, i): Point => [i + 1, rate]);
  return [
    {
      name: "learning rate",
      log: false,
      series: [{ name: "learning rate", points, colour: colour(3), width: 2 }],
    },
  ];
}
