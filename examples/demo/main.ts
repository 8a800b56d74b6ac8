import { train } from "simdgrad";
import { Bars, bestOf, percent } from "./bars.ts";
import { Chart } from "./chart.ts";
import { Pad, showDigit } from "./pad.ts";
import type { Ink, Mistake, Report, Settings } from "./protocol.ts";

const BATCH = 64;

function element<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}
const text = (id: string, words: string): void => {
  element(id, HTMLElement).textContent = words;
};
const count = (n: number): string => n.toLocaleString("en-US");

const status = element("status", HTMLElement);
const progress = element("progress", HTMLProgressElement);
const pause = element("pause", HTMLButtonElement);
const restart = element("restart", HTMLButtonElement);
const epochs = element("epochs", HTMLSelectElement);
const clear = element("clear", HTMLButtonElement);
const guess = element("guess", HTMLElement);
const seen = element("seen", HTMLCanvasElement);
const chart = new Chart(element("loss-chart", HTMLElement), element("accuracy-chart", HTMLElement));
const bars = new Bars(element("bars", HTMLElement));

/** What the run is at. */
let state: "running" | "paused" | "done" = "running";
let run = { epochs: 1, steps: 1, stepsPerEpoch: 1, step: 0 };
let digitsPerSecond = NaN;

function start(): void {
  run = { ...run, epochs: Number(epochs.value), step: 0 };
  const digits = new URL("digits/", document.baseURI).href;
  remote.start({ epochs: run.epochs, batch: BATCH, lr: 0.005, seed: 0, digits }).then(
    ({ cancelled }) => {
      if (cancelled) return;
      state = "done";
      showState();
      text("left", "–");
    },
    (error: unknown) => fail(error instanceof Error ? error.message : String(error)),
  );
}

function showState(): void {
  const { step, steps, stepsPerEpoch } = run;
  progress.value = step / steps;
  const epoch = Math.min(run.epochs, Math.floor(step / stepsPerEpoch) + 1);
  const place = run.epochs === 1 ? "" : `epoch ${epoch} of ${run.epochs}, `;
  const where = `${place}step ${count(step)} of ${count(steps)}`;
  status.textContent =
    state === "done" ? `Done after ${count(step)} steps` : state === "paused" ? `Paused, ${where}` : where;
  pause.textContent = state === "done" ? "Train again" : state === "paused" ? "Resume" : "Pause";
  restart.hidden = state === "done";
  document.documentElement.dataset.state = state;
  document.documentElement.dataset.step = String(step);
}

function showLoading(loaded: number, total: number): void {
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
  const share = total > 0 ? ` of ${megabytes(total)}` : "";
  status.textContent = `Fetching digits, ${megabytes(loaded)}${share} MB`;
  progress.value = total > 0 ? loaded / total : 0;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function showProgress({ steps, epochs: ended, total, stepsPerEpoch, step }: train.RemoteProgress): void {
  if (steps.length === 0 && ended.length === 0 && step === 0) {
    run = { epochs: total, steps: total * (stepsPerEpoch ?? 1), stepsPerEpoch: stepsPerEpoch ?? 1, step };
    chart.reset(run.steps);
  }
  run.step = step;
  showState();
  if (steps.length > 0)
    text(
      "loss",
      chart
        .addLosses(
          step,
          steps.map(({ loss }) => loss),
        )
        .toFixed(3),
    );
}

function showPace(): void {
  text("speed", count(Math.round(digitsPerSecond / 10) * 10));
  text("left", duration(((run.steps - run.step) * BATCH) / digitsPerSecond));
}

function showMistakes(mistakes: readonly Mistake[], missed: number): void {
  const items = mistakes.map(({ pixels, label, predicted }) => {
    const item = document.createElement("li");
    const picture = document.createElement("canvas");
    picture.setAttribute("aria-hidden", "true");
    const wrong = document.createElement("b");
    wrong.textContent = String(predicted);
    item.append(picture, `${label} read as `, wrong);
    return { item, picture, pixels };
  });
  element("mistakes", HTMLElement).replaceChildren(...items.map(({ item }) => item));
  // In the page first, as the ink's colour comes from its style.
  for (const { picture, pixels } of items) showDigit(picture, pixels, 255);
  text("mistakes-title", missed === 0 ? "No test digit read wrong" : "Test digits it gets wrong");
}

function showPrediction(probabilities: Float32Array | null): void {
  bars.show(probabilities);
  const best = probabilities === null ? "?" : String(bestOf(probabilities));
  guess.classList.toggle("none", probabilities === null);
  // Unchanged words are not set again: a screen reader would read them again.
  if (guess.textContent !== best) guess.textContent = best;
}

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
const remote = train.connect<Settings, Report, Ink>(worker, {
  progress: showProgress,
  event: show,
  state(now) {
    if (now === "idle") return;
    state = now;
    showState();
  },
});

let drawn = false;
const pad = new Pad(element("pad", HTMLCanvasElement), (digit) => {
  drawn = digit !== null;
  clear.disabled = !drawn;
  element("hint", HTMLElement).hidden = drawn;
  showDigit(seen, digit);
  remote.send(digit);
  if (!drawn) showPrediction(null);
});
showPrediction(null);

function show(report: Report): void {
  switch (report.type) {
    case "loading":
      showLoading(report.loaded, report.total);
      return;
    case "ready":
      text("digit-count", count(report.trainDigits));
      text("summary", report.summary);
      text(
        "backend",
        `${count(report.parameters)} parameters. Kernels: ${report.backend.variant} (${report.backend.reason}). ` +
          `Threads: ${report.backend.threads} (${report.backend.threadsReason}).`,
      );
      pause.disabled = false;
      restart.disabled = false;
      return;
    case "pace":
      ({ digitsPerSecond } = report);
      showPace();
      return;
    case "accuracy": {
      const share = report.correct / report.total;
      text("accuracy", percent(share));
      text("accuracy-note", `of ${count(report.total)} digits`);
      chart.addAccuracy(report.step, share);
      showMistakes(report.mistakes, report.total - report.correct);
      return;
    }
    case "prediction":
      // One that was under way when the drawing was cleared is of no interest.
      if (drawn) showPrediction(report.probabilities);
  }
}

function fail(message: string): void {
  const failure = element("failure", HTMLElement);
  failure.textContent = `Training has stopped: ${message}`;
  failure.hidden = false;
  status.textContent = "Stopped";
  pause.disabled = true;
}

pause.addEventListener("click", () => {
  if (state === "done") start();
  else if (state === "paused") remote.resume();
  else remote.pause();
});
restart.addEventListener("click", start);
clear.addEventListener("click", () => pad.clear());
start();
