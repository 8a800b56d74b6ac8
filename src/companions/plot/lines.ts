import { render, SAMPLING, xAxis, yAxis } from "./chart.ts";

/** A line of a chart: its points as [x, y]; gaps are null. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number | null])[];
}

export interface LinesOptions {
  readonly title?: string;
  readonly xLabel?: string;
  readonly yLabel?: string;
  /** Pixels. Default 720. */
  readonly width?: number;
  /** Pixels. Default 400. */
  readonly height?: number;
  /** Draw y in powers of ten. Default false. */
  readonly logY?: boolean;
  /** Draw x in powers of ten. Default false. */
  readonly logX?: boolean;
}

/**
 * Lines over a common axis as an SVG document.
 * @example
 * writeFileSync("loss.svg", linesToSvg([{ name: "loss", points: [[1, 2.3], [2, 1.7]] }], { xLabel: "step" }));
 */
export function linesToSvg(lines: readonly Line[], options: LinesOptions = {}): string {
  const { title, xLabel = "", yLabel = "", width = 720, height = 400, logY = false, logX = false } = options;
  const legend = lines.length > 1;
  const bottom = 32 + (xLabel === "" ? 0 : 20) + (legend ? 28 : 0);
  return render(
    {
      ...(title === undefined ? {} : { title: { text: title, left: "center", textStyle: { fontSize: 16 } } }),
      legend: { bottom: 4, show: legend, type: "plain", itemGap: 24 },
      grid: { left: yLabel === "" ? 56 : 76, right: 24, top: title === undefined ? 20 : 48, bottom },
      xAxis: xAxis(xLabel, logX),
      yAxis: yAxis({ name: yLabel, log: logY }),
      series: lines.map(({ name, points }) => ({
        name,
        type: "line",
        showSymbol: points.length < 30,
        symbol: "circle",
        symbolSize: 5,
        ...SAMPLING,
        data: points as [number, number | null][],
      })),
    },
    width,
    height,
  );
}
