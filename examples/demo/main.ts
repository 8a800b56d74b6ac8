import { Bars, bestOf, percent } from "./bars.ts";
import { Chart } from "./chart.ts";
import { Pad, showDigit } from "./pad.ts";
import type { Mistake, Report, Request, State } from "./protocol.ts";

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

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
const send = (request: Request): void => {
  worker.postMessage(request);
};

/** What the run is at. */
let state: State = "running";
let run = { epochs: 1, steps: 1, stepsPerEpoch: 1, step: 0 };

function start(): void {
  run = { ...run, epochs: Number(epochs.value), step: 0 };
  send({
    type: "start",
    settings: { epochs: run.epochs, batch: BATCH, lr: 0.005, seed: 0 },
    digits: new URL("digits/", document.baseURI).href,
  });
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

function showProgress(losses: readonly number[], step: number, digitsPerSecond: number): void {
  run.step = step;
  showState();
  text("loss", chart.addLosses(step, losses).toFixed(3));
  text("speed", count(Math.round(digitsPerSecond / 10) * 10));
  text("left", duration(((run.steps - step) * BATCH) / digitsPerSecond));
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

let drawn = false;
const pad = new Pad(element("pad", HTMLCanvasElement), (digit) => {
  drawn = digit !== null;
  clear.disabled = !drawn;
  element("hint", HTMLElement).hidden = drawn;
  showDigit(seen, digit);
  send({ type: "draw", ink: digit });
  if (!drawn) showPrediction(null);
});
showPrediction(null);

worker.addEventListener("message", ({ data: report }: MessageEvent<Report>) => {
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
    case "started":
      run = { ...run, step: 0, steps: report.steps, stepsPerEpoch: report.stepsPerEpoch };
      chart.reset(report.steps);
      showState();
      return;
    case "state":
      state = report.state;
      showState();
      if (state === "done") text("left", "–");
      return;
    case "progress":
      showProgress(report.losses, report.step, report.digitsPerSecond);
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
      return;
    case "failed":
      fail(report.message);
  }
});

function fail(message: string): void {
  const failure = element("failure", HTMLElement);
  failure.textContent = `Training has stopped: ${message}`;
  failure.hidden = false;
  status.textContent = "Stopped";
  pause.disabled = true;
}

worker.addEventListener("error", (event) => fail(event.message || "the worker could not start"));

pause.addEventListener("click", () => {
  if (state === "done") start();
  else send({ type: state === "paused" ? "resume" : "pause" });
});
restart.addEventListener("click", start);
clear.addEventListener("click", () => pad.clear());
start();
