/** Pictures as SVG documents, drawn by Apache ECharts; no page is needed. */
export { historyToSvg, type HistoryPlotOptions } from "./plot/history.ts";
export { linesToSvg, type Line, type LinesOptions } from "./plot/lines.ts";
