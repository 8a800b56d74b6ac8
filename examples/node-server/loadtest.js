/**
 * Posts digits to a server of its own on the loopback interface, and looks at time and memory:
 *
 *   npm run loadtest -- [--requests 100000] [--connections 32] [--seconds 300] [--batch-size 32] [--compare 20000]
 *
 * First `--compare` requests each with and without batching, then `--requests` in one go with the memory at 1,000, 10,000 and 100,000. It
 * ends after `--seconds` a run whatever has been answered. The last line is JSON; it fails where an answer is none.
 */
import { spawn } from "node:child_process";
import { Agent, request } from "node:http";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "100000" },
    connections: { type: "string", default: "32" },
    seconds: { type: "string", default: "300" },
    "batch-size": { type: "string", default: "32" },
    compare: { type: "string", default: "20000" },
  },
});
/** @param {keyof typeof values} name */
const wholeNumber = (name) => {
  const text = values[name];
  if (!/^\d+$/.test(text)) throw new Error(`--${name} must be a whole number, got "${text}"`);
  return Number(text);
};
const requests = wholeNumber("requests");
const connections = wholeNumber("connections");
const seconds = wholeNumber("seconds");
const compare = wholeNumber("compare");
const MARKS = [1000, 10_000, 25_000, 50_000, 100_000, 150_000, 200_000];
/** Some shapes of ink; the network takes as long for one as for another. */
const bodies = Array.from({ length: 16 }, (_, k) =>
  Buffer.from(Uint8Array.from({ length: 784 }, (_, i) => ((i % 28) - k > 4 && (i % 28) - k < 9 ? 255 : 0))),
);

/** @param {Record<string, string>} environment */
async function startServer(environment) {
  const child = spawn(process.execPath, ["server.js"], {
    cwd: new URL(".", import.meta.url),
    env: { ...process.env, PORT: "0", LOG_LEVEL: "info", ...environment },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  /** @type {number} */
  const port = await new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout });
    // Reads on, so that the pipe never fills.
    lines.on("line", (line) => {
      const [, found] = /listening at http:\/\/127\.0\.0\.1:(\d+)/i.exec(line) ?? [];
      if (found) resolve(Number(found));
    });
    child.once("close", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const stop = async () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { port, stop };
}

/**
 * @param {import("node:http").RequestOptions} options
 * @param {Buffer} [body]
 * @returns {Promise<{ status: number, text: string }>}
 */
const send = (options, body) =>
  new Promise((resolve, reject) => {
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body ?? "");
  });

/**
 * @param {number} total
 * @param {Record<string, string>} environment
 */
async function run(total, environment) {
  const { port, stop } = await startServer(environment);
  const agent = new Agent({ keepAlive: true, maxSockets: connections + 1 });
  const to = { host: "127.0.0.1", port, agent };
  const stats = async () => JSON.parse((await send({ ...to, path: "/stats" })).text);
  const digit = {
    ...to,
    path: "/classify",
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
  };
  const times = new Float64Array(total);
  const marks = [{ requests: 0, ...(await stats()) }];
  const started = performance.now();
  let sent = 0;
  let answered = 0;
  let failed = 0;
  const late = () => performance.now() - started > seconds * 1000;

  const connection = async () => {
    while (sent < total && !late()) {
      const body = bodies[sent++ % bodies.length];
      const before = performance.now();
      const { status, text } = await send(digit, body);
      times[answered++] = performance.now() - before;
      if (status !== 200 || !text.startsWith('{"digit":')) failed++;
      if (MARKS.includes(answered) || answered === total) {
        const requests = answered;
        marks.push({ requests, ...(await stats()) });
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, connection));
    const took = (performance.now() - started) / 1000;
    const sorted = times.subarray(0, answered).sort();
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map(
      (q) => Math.round((sorted[Math.floor(q * answered)] ?? NaN) * 100) / 100,
    );
    const { digits, batches } = await stats();
    const meanBatch = Math.round((digits / batches) * 10) / 10;
    return { answered, failed, perSecond: Math.round(answered / took), p50, p95, p99, meanBatch, marks };
  } finally {
    agent.destroy();
    await stop();
  }
}

/** @param {number} size */
const mb = (size) => (size / 1e6).toFixed(1);
/** @param {string} title @param {Awaited<ReturnType<typeof run>>} result */
function tell(title, { answered, failed, perSecond, p50, p95, p99, meanBatch }) {
  console.log(
    `${title}: ${answered} answers (${failed} wrong), ${perSecond} a second; p50 ${p50}, p95 ${p95}, p99 ${p99} ms; ${meanBatch} digits a batch`,
  );
}

const settings = { BATCH_SIZE: values["batch-size"] };
const single = compare > 0 ? await run(compare, { BATCH_SIZE: "1" }) : undefined;
if (single) tell("without batching", single);
const batched = compare > 0 ? await run(compare, settings) : undefined;
if (batched) tell("with batching   ", batched);
const long = await run(requests, settings);
tell("in one go       ", long);
for (const { requests: at, rss, heapUsed, memory } of long.marks)
  console.log(
    `  after ${String(at).padStart(7)}: resident ${mb(rss)} MB, heap ${mb(heapUsed)} MB, memory() ${mb(memory.live)} MB in ${memory.tensors} tensors, ${mb(memory.reserved)} MB reserved`,
  );
console.log(JSON.stringify({ connections, single, batched, long }));
if ([single, batched, long].some((result) => result && result.failed > 0)) process.exitCode = 1;
