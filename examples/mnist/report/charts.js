/* global document, getComputedStyle, matchMedia, ResizeObserver, uPlot */
// Runs in the report, where uPlot and the history stand above it.
{
  /** @param {string} id */
  const element = (id) => {
    const found = document.getElementById(id);
    if (found === null) throw new Error(`the page has no #${id}`);
    return found;
  };

  /** @type {{ steps: number[], loss: number[], rate: number[] }} */
  const history = JSON.parse(element("history").textContent);

  /** @param {string} name */
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  /**
   * The running mean, without the pull of its start.
   * @param {number[]} values
   */
  const smooth = (values) => {
    const fade = 1 - 1 / Math.max(1, Math.min(30, values.length / 10));
    let sum = 0;
    let weight = 0;
    return values.map((value) => {
      sum = sum * fade + value;
      weight = weight * fade + 1;
      return sum / weight;
    });
  };

  /** @param {number | null | undefined} value */
  const short = (value) =>
    value === null || value === undefined ? "–" : String(Number(value.toPrecision(3)));

  /**
   * Fills the width of its place, and is drawn again when the colours of the page change.
   * @param {string} id
   * @param {number} height
   * @param {number[][]} lines below the steps
   * @param {() => uPlot.Series[]} series one a line
   * @param {uPlot.Scale} y
   */
  const chart = (id, height, lines, series, y) => {
    const host = element(id);
    const draw = () => {
      const axis = {
        stroke: colour("soft"),
        grid: { stroke: colour("line"), width: 1 },
        ticks: { show: false },
      };
      return new uPlot(
        {
          width: host.clientWidth,
          height,
          scales: { x: { time: false }, y },
          axes: [
            { ...axis, size: 32, label: "step", labelSize: 24, labelFont: "13px system-ui" },
            { ...axis, size: 52, values: (_, splits) => splits.map((v) => (v === null ? "" : short(v))) },
          ],
          series: [
            { label: "step" },
            ...series().map((line) => ({
              ...line,
              points: { show: false },
              value: (/** @type {uPlot} */ _, /** @type {number} */ v) => short(v),
            })),
          ],
          // Until something is pointed at, the legend tells the last step.
          hooks: { ready: [(drawn) => drawn.setLegend({ idx: history.steps.length - 1 })] },
          cursor: { drag: { x: false, y: false } },
        },
        [history.steps, ...lines],
        host,
      );
    };
    let plot = draw();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      plot.destroy();
      plot = draw();
    });
    new ResizeObserver(() => plot.setSize({ width: host.clientWidth, height })).observe(host);
  };

  chart(
    "loss",
    300,
    [history.loss, smooth(history.loss)],
    () => [
      { label: "loss", stroke: colour("faint"), width: 1 },
      { label: "mean", stroke: colour("main"), width: 2.5 },
    ],
    { distr: 3 },
  );
  chart(
    "rate",
    160,
    [history.rate],
    () => [{ label: "learning rate", stroke: colour("main"), width: 2 }],
    {},
  );
}
