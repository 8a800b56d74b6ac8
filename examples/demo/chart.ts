import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

/** Weight of the past in the smoothed loss. */
const SMOOTHING = 0.94;
/** Losses below this are as good as none, which a logarithmic scale cannot show. */
const FLOOR = 0.0001;
// The enum exists in uPlot's types alone, so its value stands here.
// eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment
const LOGARITHMIC = 3 as uPlot.Scale.Distr;

const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

type Row = (number | null)[];

/** The curves of one run: loss a step, and accuracy on test digits where it was measured. */
export class Chart {
  readonly #loss: uPlot;
  readonly #accuracy: uPlot;
  #steps: number[] = [];
  #losses: number[] = [];
  #smooth: number[] = [];
  #tested: number[] = [];
  #shares: number[] = [];
  /** The smoothed loss before its correction for the missing past. */
  #average = 0;
  #total = 1;
  #queued = false;

  constructor(lossBox: HTMLElement, accuracyBox: HTMLElement) {
    const sync = { key: "steps" };
    this.#loss = new uPlot(
      options({
        box: lossBox,
        sync,
        grid: (_, splits) => splits.map((v) => (leading(v) === 1 ? v : null)),
        scale: { distr: LOGARITHMIC, range: (_, low, high) => [decadeBelow(low), Math.max(3, high)] },
        values: (_, splits) => (splits as Row).map((v) => ([1, 2, 5].includes(leading(v)) ? String(v) : "")),
        series: [
          // Single batches far below the rest do not set the scale.
          {
            label: "loss of a batch",
            stroke: () => colour("--faint"),
            width: 1,
            points: { show: false },
            auto: false,
          },
          { label: "smoothed", stroke: () => colour("--accent"), width: 2, points: { show: false } },
        ],
        x: () => [0, this.#total],
        digits: 3,
      }),
      [[], [], []],
      lossBox,
    );
    this.#accuracy = new uPlot(
      options({
        box: accuracyBox,
        sync,
        scale: { range: (_, low: number | null) => [Math.min(90, Math.floor((low ?? 90) / 10) * 10), 100] },
        values: (_, splits) => splits.map((v) => `${v} %`),
        series: [
          {
            label: "told right",
            stroke: () => colour("--good"),
            width: 2,
            points: { show: true, size: 6, fill: () => colour("--card") },
          },
        ],
        x: () => [0, this.#total],
        digits: 1,
      }),
      [[], []],
      accuracyBox,
    );
    for (const [plot, box] of [
      [this.#loss, lossBox],
      [this.#accuracy, accuracyBox],
    ] as const) {
      new ResizeObserver(() => plot.setSize(sizeOf(box))).observe(box);
      matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.redraw());
    }
  }

  /** Empties the curves for a run of so many steps. */
  reset(total: number): void {
    this.#total = total;
    this.#average = 0;
    for (const list of [this.#steps, this.#losses, this.#smooth, this.#tested, this.#shares]) list.length = 0;
    this.#draw();
  }

  /** Adds the losses of the steps up to and with `step`. Returns the smoothed loss. */
  addLosses(step: number, losses: readonly number[]): number {
    losses.forEach((loss, i) => {
      this.#steps.push(step - losses.length + 1 + i);
      this.#losses.push(Math.max(FLOOR, loss));
      this.#average = SMOOTHING * this.#average + (1 - SMOOTHING) * loss;
      this.#smooth.push(this.#average / (1 - Math.pow(SMOOTHING, this.#steps.length)));
    });
    this.#draw();
    return this.#smooth.at(-1) ?? NaN;
  }

  addAccuracy(step: number, share: number): void {
    // Guessing before the first step would stretch the scale.
    if (step === 0) return;
    this.#tested.push(step);
    this.#shares.push(100 * share);
    this.#draw();
  }

  #draw(): void {
    if (this.#queued) return;
    this.#queued = true;
    requestAnimationFrame(() => {
      this.#queued = false;
      this.#loss.setData([this.#steps, this.#losses, this.#smooth] as [number[], ...Row[]]);
      this.#accuracy.setData([this.#tested, this.#shares] as [number[], ...Row[]]);
    });
  }
}

/** The power of ten below; 0.1 for none. */
const decadeBelow = (v: number | null): number =>
  [0.1, 0.01, 0.001].find((decade) => v === null || v >= decade) ?? FLOOR;

/** First digit of a number; uPlot leaves out ticks by null. */
const leading = (v: number | null): number => (v === null ? 0 : Number(v.toExponential(0).charAt(0)));

const sizeOf = (box: HTMLElement): { width: number; height: number } => ({
  width: box.clientWidth,
  height: Number(getComputedStyle(box).getPropertyValue("--height")),
});

interface Look {
  readonly box: HTMLElement;
  readonly sync: { key: string };
  readonly scale: uPlot.Scale;
  /** Which ticks get a line; default all. */
  readonly grid?: uPlot.Axis.Filter;
  readonly values: uPlot.Axis.Values;
  readonly series: uPlot.Series[];
  readonly x: () => [number, number];
  /** Digits after the point in the legend. */
  readonly digits: number;
}

function options({ box, sync, scale, grid, values, series, x, digits }: Look): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: () => colour("--muted"),
    font: "12px system-ui, sans-serif",
    grid: { stroke: () => colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    ...sizeOf(box),
    padding: [8, 8, 0, 0],
    cursor: { sync, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { x: { time: false, range: x }, y: scale },
    axes: [
      { ...axis, size: 28 },
      { ...axis, size: 48, values, grid: { ...axis.grid, ...(grid && { filter: grid }) } },
    ],
    series: [
      { label: "step" },
      ...series.map((one) => ({ ...one, value: (_: uPlot, v: number | null) => v?.toFixed(digits) ?? "–" })),
    ],
  };
}
