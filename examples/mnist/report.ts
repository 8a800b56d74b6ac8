import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { backendInfo, type nn } from "simdgrad";
import type { Digits } from "./digits.ts";
import type { Evaluation } from "./evaluate.ts";
import type { Outcome } from "./learn.ts";
import type { Options } from "./options.ts";
import { digitPicture, featurePictures, filterPictures } from "./report/features.ts";
import { confusion, worstMistakes, type Mistake } from "./report/mistakes.ts";
import { count, duration, percent, plural } from "../shared/words.ts";

export interface ReportInput {
  readonly options: Options;
  readonly model: nn.Sequential;
  readonly training: Digits;
  readonly testing: Digits;
  readonly outcome: Outcome;
  readonly evaluation: Evaluation;
}

/** Pictures of mistakes at most. */
const MISTAKES = 24;
/** Points of a curve at most: more than a screen has pixels. */
const POINTS = 2000;

const own = (name: string): string => readFileSync(new URL(`report/${name}`, import.meta.url), "utf8");

function uplot(name: string): string {
  return readFileSync(join(dirname(createRequire(import.meta.url).resolve("uplot")), name), "utf8");
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const text = (value: string | number): string => String(value).replace(/[&<>"]/g, (c) => escapes[c] ?? c);

/** Script and data inside a page must not contain what ends a script. */
const inScript = (code: string): string => code.replace(/<\/(script)/gi, "<\\/$1");
const json = (value: unknown): string => JSON.stringify(value).replaceAll("<", "\\u003c");

const chance = (p: number): string => (p < 0.0001 ? "&lt; 0.01 %" : `${(p * 100).toFixed(2)} %`);

/** A self-contained page: no request leaves it. */
export function renderReport(input: ReportInput): string {
  const { testing, evaluation } = input;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>MNIST: ${percent(evaluation.correct, evaluation.total)}</title>
<style>${uplot("uPlot.min.css")}</style>
<style>${own("page.css")}</style>
</head>
<body>
<main>
<header>
<h1>A convolutional network on MNIST</h1>
<p class="lead">${percent(evaluation.correct, evaluation.total)} of the ${count(evaluation.total)} test digits are read right.</p>
</header>
${figures(input)}
${curves(input)}
${confusionTable(testing, evaluation)}
${mistakes(testing, evaluation)}
${insides(input)}
${settings(input)}
</main>
<script type="application/json" id="history">${json(history(input))}</script>
<script>${inScript(uplot("uPlot.iife.min.js"))}</script>
<script>${inScript(own("charts.js"))}</script>
</body>
</html>
`;
}

function figures({ model, training, outcome, evaluation }: ReportInput): string {
  const seconds = outcome.epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  const parameters = model.parameters().reduce((sum, p) => sum + p.size, 0);
  const tiles = [
    ["test accuracy", percent(evaluation.correct, evaluation.total)],
    ["mistakes", count(evaluation.total - evaluation.correct)],
    ["test loss", evaluation.loss.toFixed(4)],
    ["training time", duration(seconds)],
    ["digits / s", count(Math.round((training.length * outcome.epochs.length) / seconds))],
    ["parameters", count(parameters)],
  ];
  return `<dl class="tiles">${tiles
    .map(([name = "", value = ""]) => `<div><dt>${text(name)}</dt><dd>${text(value)}</dd></div>`)
    .join("")}</dl>`;
}

function curves({ outcome }: ReportInput): string {
  const rows = outcome.epochs.map(
    ({ seconds, loss, evaluation: e }, i) =>
      `<tr><th scope="row">${i + 1}</th><td>${loss.toFixed(4)}</td><td>${e.loss.toFixed(4)}</td><td>${percent(e.correct, e.total)}</td><td>${duration(seconds)}</td></tr>`,
  );
  const table =
    rows.length < 2
      ? ""
      : `<div class="scroll"><table class="plain"><thead><tr><th scope="col">epoch</th><th scope="col">training loss</th><th scope="col">test loss</th><th scope="col">test accuracy</th><th scope="col">time</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
  return `<section>
<h2>Learning</h2>
<h3>Loss</h3>
<p class="note">Cross-entropy of each training step, and its running mean. Logarithmic.</p>
<div class="chart" id="loss"></div>
<h3>Learning rate</h3>
<div class="chart" id="rate"></div>
<noscript><p class="note">The curves need JavaScript.</p></noscript>
${table}
</section>`;
}

/** What the curves show; of long runs means of neighbouring steps. */
function history({ outcome }: ReportInput): { steps: number[]; loss: number[]; rate: number[] } {
  const { steps } = outcome;
  const size = Math.ceil(steps.length / POINTS);
  const groups = Array.from({ length: Math.ceil(steps.length / size) }, (_, i) =>
    steps.slice(i * size, (i + 1) * size),
  );
  const mean = (of: (step: (typeof steps)[number]) => number): number[] =>
    groups.map((group) =>
      Number((group.reduce((sum, step) => sum + of(step), 0) / group.length).toPrecision(5)),
    );
  return {
    steps: groups.map((group, i) => i * size + group.length),
    loss: mean((step) => step.loss),
    rate: mean((step) => step.lr),
  };
}

function confusionTable(testing: Digits, evaluation: Evaluation): string {
  const counts = confusion(testing, evaluation);
  const most = Math.max(1, ...counts.flatMap((row, truth) => row.filter((_, answer) => answer !== truth)));
  const cell = (n: number, truth: number, answer: number): string => {
    if (truth === answer) return `<td class="right">${n}</td>`;
    if (n === 0) return `<td class="none">·</td>`;
    const title = `${truth} read as ${answer}: ${plural(n, "time")}`;
    return `<td class="wrong" style="--share:${Math.sqrt(n / most).toFixed(2)}" title="${title}">${n}</td>`;
  };
  const rows = counts.map((row, truth) => {
    const total = row.reduce((sum, n) => sum + n, 0);
    const share = total === 0 ? "–" : `${((100 * (row[truth] ?? 0)) / total).toFixed(1)} %`;
    const cells = row.map((n, answer) => cell(n, truth, answer)).join("");
    return `<tr><th scope="row">${truth}</th>${cells}<td class="share">${share}</td></tr>`;
  });
  const heads = counts.map((_, answer) => `<th scope="col">${answer}</th>`).join("");
  return `<section>
<h2>Confusion</h2>
<p class="note">A row for each digit as it was written, a column for each as it was read<span class="share">; at the end the share that was read right</span>.</p>
<div class="scroll"><table class="confusion"><thead><tr><td></td>${heads}<td class="share"></td></tr></thead><tbody>${rows.join("")}</tbody></table></div>
</section>`;
}

function mistakes(testing: Digits, evaluation: Evaluation): string {
  const worst = worstMistakes(testing, evaluation, MISTAKES);
  const figure = ({ index, truth, answer, sureness, chance: p }: Mistake): string =>
    `<figure><img class="ink" src="${digitPicture(testing, index)}" alt="a ${truth} that was read as ${answer}" width="28" height="28">` +
    `<figcaption><strong>${truth}</strong> read as <strong>${answer}</strong><small>${answer}: ${chance(sureness)}<br>${truth}: ${chance(p)}</small></figcaption></figure>`;
  const body =
    worst.length === 0
      ? `<p>There are none.</p>`
      : `<p class="note">Where the network gave the right digit the least probability.</p><div class="mistakes">${worst.map(figure).join("")}</div>`;
  return `<section>
<h2>The worst mistakes</h2>
${body}
</section>`;
}

function insides({ model, testing }: ReportInput): string {
  const [first, second] = featurePictures(model, testing, 0);
  const images = (kind: string, sources: readonly string[], what: string): string =>
    `<div class="${kind}">${sources.map((src, i) => `<img class="${kind === "filters" ? "signed" : "ink"}" src="${src}" alt="${what} ${i + 1}">`).join("")}</div>`;
  return `<section>
<h2>Inside</h2>
<h3>Filters of the first layer</h3>
<p class="note">${first.length} filters of 3 × 3 weights; <span class="positive">orange</span> is positive, <span class="negative">blue</span> negative.</p>
${images("filters", filterPictures(model), "filter")}
<h3>What they make of a digit</h3>
<div class="example"><img class="ink" src="${digitPicture(testing, 0)}" alt="a ${testing.labels[0] ?? 0}" width="28" height="28">
<p class="note">The first test digit, a ${testing.labels[0] ?? 0}; below it the ${first.length} feature maps after the first convolution and the ${second.length} after the second, each behind its ReLU.</p></div>
${images("maps", first, "first convolution, feature map")}
${images("maps", second, "second convolution, feature map")}
</section>`;
}

function settings({ options, training, testing, outcome }: ReportInput): string {
  const backend = backendInfo();
  const list = (entries: readonly (readonly [string, string | number])[]): string =>
    `<dl class="facts">${entries.map(([name, value]) => `<dt>${text(name)}</dt><dd>${text(value)}</dd>`).join("")}</dl>`;
  const run = list([
    ["epochs", options.epochs],
    ["steps", count(outcome.steps.length)],
    ["batch", options.batch],
    ["optimiser", "Adam, one cycle of the learning rate"],
    ["highest learning rate", options.lr],
    ["seed", options.seed],
    ["training digits", count(training.length)],
    ["test digits", count(testing.length)],
    ["finished", new Date().toISOString().replace("T", " ").slice(0, 16) + " UTC"],
  ]);
  const machine = list([
    ["kernels", `${backend.variant}: ${backend.reason}`],
    ["threads", `${backend.threads}: ${backend.threadsReason}`],
    ["same bits everywhere", backend.deterministic ? "yes" : "no"],
    ["Node", `${process.versions.node} (V8 ${process.versions.v8})`],
    ["system", `${process.platform} ${process.arch}`],
    ["processor", cpus()[0]?.model.trim() || "unknown"],
  ]);
  return `<section class="columns">
<div><h2>Settings</h2>${run}</div>
<div><h2>Machine</h2>${machine}</div>
</section>`;
}
