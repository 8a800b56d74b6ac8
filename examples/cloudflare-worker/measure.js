/**
 * What the worker costs in workerd, Cloudflare's runtime: `npm run measure [-- --requests n] [--node path]`. Locally nobody enforces the limits, so
 * they are read from the process: CPU time of all its threads around each request, and resident memory over that of an
 * empty worker. The last line is JSON.
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { bundle, runWorkerd } from "./workerd.js";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "2000" },
    node: { type: "string", default: process.execPath },
  },
});
const REQUESTS = Number(values.requests);
const WARM_UP = 300;
/** A digit of random ink: what it is costs nothing more or less. */
const bytes = Uint8Array.from({ length: 784 }, (_, i) => (i * 7919) % 256);
const bodies = {
  bytes: { type: "application/octet-stream", body: bytes },
  numbers: { type: "application/json", body: JSON.stringify(Array.from(bytes, (value) => value / 255)) },
};

/** Nanoseconds on a processor, all threads. @param {number} pid */
const cpuTime = (pid) =>
  readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]),
    0,
  );

/** Resident bytes. @param {number} pid */
const resident = (pid) =>
  1024 * Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

/** @param {string} url @param {{ type: string, body: string | Uint8Array<ArrayBuffer> }} form */
async function post(url, { type, body }) {
  const response = await fetch(`${url}/classify`, {
    method: "POST",
    headers: { "content-type": type },
    body,
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`);
}

/** @param {readonly number[]} sorted @param {number} part */
const quantile = (sorted, part) =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
/** @param {number} ns */
const ms = (ns) => Math.round(ns / 1e4) / 100;
/** @param {number} size */
const mb = (size) => Math.round(size / 1e4) / 100;

/**
 * workerd with a worker that reads the body and answers, and no more: CPU time until it listens, and memory after as many requests. Nothing presses
 * V8 to collect what requests leave behind, so that both processes grow with their number.
 */
async function emptyBase() {
  const folder = mkdtempSync(join(tmpdir(), "empty-worker-"));
  const fetch = "async (request) => (await request.arrayBuffer(), Response.json({}))";
  writeFileSync(join(folder, "worker.js"), `export default { fetch: ${fetch} };`);
  const running = await runWorkerd(folder);
  try {
    const cpu = cpuTime(running.pid);
    for (const form of Object.values(bodies))
      for (let i = 0; i < WARM_UP + REQUESTS; i++) await post(running.url, form);
    return { cpu, rss: resident(running.pid) };
  } finally {
    await running.stop();
    rmSync(folder, { recursive: true });
  }
}

/**
 * Each request's time is from the answer before to its own answer: nothing that it leaves behind is lost.
 * @param {import("./workerd.js").Running} running
 * @param {{ type: string, body: string | Uint8Array<ArrayBuffer> }} form
 */
async function costs({ url, pid }, form) {
  for (let i = 0; i < WARM_UP; i++) await post(url, form);
  /** @type {number[]} */
  const times = [];
  let before = cpuTime(pid);
  for (let i = 0; i < REQUESTS; i++) {
    await post(url, form);
    const now = cpuTime(pid);
    times.push(now - before);
    before = now;
  }
  times.sort((a, b) => a - b);
  const [p50, p95, p99, worst] = [0.5, 0.95, 0.99, 1].map((part) => ms(quantile(times, part)));
  return { p50, p95, p99, worst };
}

const base = await emptyBase();
const running = await runWorkerd(await bundle(values.node));
try {
  const { url, pid } = running;
  const started = cpuTime(pid);
  await post(url, bodies.bytes);
  const first = ms(cpuTime(pid) - started);
  const cpu = { bytes: await costs(running, bodies.bytes), numbers: await costs(running, bodies.numbers) };
  const { memory } = await (await fetch(`${url}/stats`)).json();
  const rss = resident(pid);
  const start = ms(started - base.cpu);
  console.log(
    `until it listens, over an empty worker: ${start} ms of CPU time; workerd may start a worker with its first request`,
  );
  console.log(
    `first request: ${first} ms of CPU time, with all that was not done before (1,000 allowed for the start)`,
  );
  for (const [form, { p50, p95, p99, worst }] of Object.entries(cpu))
    console.log(
      `${REQUESTS} requests after ${WARM_UP}, a digit as ${form}: p50 ${p50}, p95 ${p95}, p99 ${p99}, worst ${worst} ms of CPU time (10 allowed)`,
    );
  console.log(
    `memory: ${mb(rss - base.rss)} MB over an empty worker's ${mb(base.rss)} (128 allowed); memory(): ${mb(memory.live)} MB in use, ${mb(memory.reserved)} MB reserved`,
  );
  console.log(
    JSON.stringify({ start, first, cpu, memoryMb: mb(rss - base.rss), baseMb: mb(base.rss), memory }),
  );
} finally {
  await running.stop();
}
