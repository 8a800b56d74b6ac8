import * as echarts from "echarts";

/** Colours that differ also for those who see few: M. Okabe and K. Ito's, without the yellow. */
export const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#333333"];

export const FONT = "system-ui, Helvetica, Arial, sans-serif";

/** Beyond so many points a line shows no more in a picture: ECharts picks those that keep its shape. */
export const SAMPLING = { sampling: "lttb" } as const;

/** Up to six digits; a power of ten may come as 0.00009999…. */
export const tidy = (value: number): string => String(Number(value.toPrecision(6)));

export interface AxisLook {
  readonly name: string;
  readonly log: boolean;
}

/** A value axis with its name along it, horizontal lines and nothing else. */
export const yAxis = ({ name, log }: AxisLook): echarts.YAXisComponentOption => ({
  type: log ? "log" : "value",
  scale: true,
  name,
  nameLocation: "middle",
  nameGap: 48,
  axisLabel: { formatter: tidy, hideOverlap: true },
  splitLine: { lineStyle: { color: "#e6e6e6" } },
});

export const xAxis = (name: string, log = false): echarts.XAXisComponentOption => ({
  type: log ? "log" : "value",
  min: "dataMin",
  max: "dataMax",
  name,
  nameLocation: "middle",
  nameGap: 26,
  axisLabel: { formatter: tidy, hideOverlap: true },
  splitLine: { show: false },
  axisLine: { onZero: false },
});

export function render(option: echarts.EChartsOption, width: number, height: number): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      color: COLOURS,
      backgroundColor: "#ffffff",
      textStyle: { fontFamily: FONT },
      ...option,
    });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
