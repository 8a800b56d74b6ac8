import type { SingleBar } from "cli-progress";
import { PlatformError, type train } from "../../index.ts";

export interface ProgressBarOptions {
  /** Where it is drawn. Default: the standard error stream, so that results can be piped elsewhere. */
  readonly output?: NodeJS.WriteStream;
}

/** Steps that the shown loss reaches back, roughly. */
const MEMORY = 50;
/** Elsewhere than on a terminal, a long epoch gives a line so often. */
const LINE_EVERY_MS = 10_000;

/**
 * Shows how training goes: on a terminal a bar an epoch (drawn by cli-progress), elsewhere plain lines. Each epoch leaves a line with its
 * figures.
 * @throws {PlatformError} on a terminal where cli-progress is not installed.
 * @example
 * await train.fit(model, loader, { …, callbacks: [progressBar()] });
 */
export function progressBar(options: ProgressBarOptions = {}): train.Callback {
  const output = options.output ?? process.stderr;
  let display = lines(output);
  let loss = 0;
  let weight = 0;
  let seconds = 0;
  let since = 0;
  let first = 0;

  /** The mean of the last losses, and how long the rest of training takes. */
  const figures = (run: train.Run): string => {
    const { stepsPerEpoch, epochs, step } = run;
    const mean = `loss ${figure(loss / weight)}`;
    if (stepsPerEpoch === null) return mean;
    const left = ((epochs * stepsPerEpoch - step) / (step - first)) * seconds;
    return `${mean}  ${duration(left)} left`;
  };

  return {
    async onStart(run) {
      first = run.step;
      if (output.isTTY && process.env["TERM"] !== "dumb") display = await barOn(output);
    },
    onEpochStart(run) {
      display.begin(run);
      since = performance.now();
    },
    onStep(record, run) {
      const now = performance.now();
      // Neither validation nor what other callbacks do at the end of an epoch is training time.
      seconds += (now - since) / 1000;
      since = now;
      const fade = 1 - 1 / MEMORY;
      loss = loss * fade + record.loss;
      weight = weight * fade + 1;
      display.step(run, figures);
    },
    onEpochEnd(record, run) {
      display.end();
      const values = Object.entries(record.values).flatMap(([name, value]) =>
        typeof value === "number" ? [`${name} ${figure(value)}`] : [],
      );
      output.write(`${title(run)}  ${duration(record.seconds)}  ${values.join("  ")}\n`);
    },
    onEnd({ history }, error) {
      display.end();
      if (error === undefined && history.stopped !== null) output.write(`${history.stopped}\n`);
    },
  };
}

const title = ({ epoch, epochs }: train.Run): string => `epoch ${epoch}/${epochs}`;

/** Four digits: 0.08123, 1.235, 1234, 1.2e-5. */
function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return value.toFixed(0);
  return size >= 1e-3 || size === 0 ? String(Number(value.toPrecision(4))) : value.toExponential(1);
}

/** 75 → "1 min 15 s". */
function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

interface Display {
  begin(run: train.Run): void;
  step(run: train.Run, figures: (run: train.Run) => string): void;
  /** Takes the bar away; what is printed next starts on a line of its own. Safe to call twice. */
  end(): void;
}

/** Lines only where an epoch takes long. */
function lines(output: NodeJS.WriteStream): Display {
  let last = 0;
  let before = 0;
  return {
    begin({ step }) {
      last = performance.now();
      before = step;
    },
    step(run, figures) {
      if (performance.now() - last < LINE_EVERY_MS) return;
      last = performance.now();
      const of = run.stepsPerEpoch === null ? "" : `/${run.stepsPerEpoch}`;
      output.write(`${title(run)}  step ${run.step - before}${of}  ${figures(run)}\n`);
    },
    end: () => undefined,
  };
}

async function barOn(output: NodeJS.WriteStream): Promise<Display> {
  const { SingleBar: Bar } = await import("cli-progress")
    .then((module) => module.default)
    .catch((cause: unknown) => {
      throw new PlatformError("progressBar: cli-progress is not installed (npm install cli-progress)", {
        cause,
      });
    });
  let bar: SingleBar | null = null;
  let before = 0;
  return {
    begin(run) {
      before = run.step;
      const name = run.epochs > 1 ? `${title(run)}  ` : "";
      const known = run.stepsPerEpoch !== null;
      const room =
        (output.columns || 80) - name.length - "100 %  loss 0.0001234  59 min 59 s left".length - 4;
      bar = new Bar({
        format: known ? `${name}{bar}  {percentage} %  {figures}` : `${name}step {value}  {figures}`,
        barsize: Math.max(5, Math.min(40, room)),
        barCompleteChar: "━",
        barIncompleteChar: "─",
        stream: output,
        hideCursor: true,
        clearOnComplete: true,
      });
      bar.start(run.stepsPerEpoch ?? 0, 0, { figures: "" });
    },
    step(run, figures) {
      bar?.update(run.step - before, { figures: figures(run) });
    },
    end() {
      bar?.stop();
      bar = null;
    },
  };
}
