import * as echarts from "echarts";

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
}

/**
 * Lines over a common axis as an SVG document (drawn by Apache ECharts; no page is needed).
 * @example
 * writeFileSync("loss.svg", linesToSvg([{ name: "loss", points: [[1, 2.3], [2, 1.7]] }], { xLabel: "step" }));
 */
export function linesToSvg(lines: readonly Line[], options: LinesOptions = {}): string {
  const { title, xLabel, yLabel, width = 720, height = 400, logY = false } = options;
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      ...(title === undefined ? {} : { title: { text: title, left: "center" } }),
      legend: { bottom: 0, show: lines.length > 1 },
      grid: { left: 60, right: 24, top: title === undefined ? 24 : 48, bottom: 64, containLabel: false },
      xAxis: {
        type: "value",
        min: "dataMin",
        max: "dataMax",
        name: xLabel ?? "",
        nameLocation: "middle",
        nameGap: 26,
      },
      yAxis: {
        type: logY ? "log" : "value",
        scale: true,
        name: yLabel ?? "",
        // A power of ten may come as 0.00009999….
        axisLabel: { formatter: (value: number) => String(Number(value.toPrecision(6))) },
      },
      series: lines.map(({ name, points }) => ({
        name,
        type: "line",
        showSymbol: points.length < 30,
        data: points,
      })),
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
