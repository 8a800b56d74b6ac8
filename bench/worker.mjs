/**
 * A contender's process: `node worker.mjs <contender> [argument …]`. Reads requests and writes answers as JSON lines.
 *
 *   { do: "start" }                     → { about }
 *   { do: "open", folder, workload }    → {}
 *   { do: "warm", seconds, least }      → { evidence, last, flops, bytes, stats }
 *   { do: "run", steps }                → { seconds }
 */
import { createInterface } from "node:readline";
import { readWorkload } from "./workloads/reader.mjs";
/** @import { Contender, Ready, Warmed } from "./types.d.ts" */

const [kind, ...args] = process.argv.slice(2);
const answer = process.stdout.write.bind(process.stdout);
// Libraries greet on standard output, which is for answers.
console.log = console.info = console.error;

/** @type {Contender} */
let contender;
/** @type {Ready} */
let ready;

/** Seconds: of the wall, or (BENCH_CLOCK=cpu) of the processor, its engine's threads included. */
const clock =
  process.env.BENCH_CLOCK === "cpu"
    ? () => {
        const { user, system } = process.cpuUsage();
        return (user + system) / 1e6;
      }
    : () => performance.now() / 1000;

/** @returns {Promise<unknown>} */
async function step() {
  const result = ready.step();
  return result instanceof Promise ? await result : result;
}

/**
 * Engines compile hot code late, so steps run until the time is up, and `least` of them in any case.
 * @param {number} seconds
 * @param {number} least
 * @returns {Promise<Warmed>}
 */
async function warm(seconds, least) {
  const start = clock();
  /** @type {number[]} */
  const evidence = [];
  if (ready.probe) evidence.push(await ready.probe());
  let last = 0;
  let steps = 0;
  while (steps < least || clock() - start < seconds) {
    const before = clock();
    const loss = await step();
    last = clock() - before;
    steps++;
    if (typeof loss === "number" && evidence.length < 3) evidence.push(loss);
  }
  return {
    evidence,
    last,
    flops: ready.flops ?? null,
    bytes: ready.bytes ?? null,
    stats: ready.stats?.() ?? null,
  };
}

/** @param {number} steps */
async function run(steps) {
  const start = clock();
  for (let i = 0; i < steps; i++) {
    const result = ready.step();
    if (result instanceof Promise) await result;
  }
  return { seconds: clock() - start };
}

/** @param {{ do: string, folder: string, workload: string, seconds: number, least: number, steps: number }} request */
async function handle(request) {
  switch (request.do) {
    case "start":
      contender = await (await import(`./contenders/${kind}.mjs`)).start(...args);
      return { about: contender.about };
    case "open": {
      const { spec, arrays } = readWorkload(request.folder, request.workload);
      ready = await contender.open(spec, arrays);
      return {};
    }
    case "warm":
      return warm(request.seconds, request.least);
    case "run":
      return run(request.steps);
    default:
      throw new Error(`no request "${request.do}"`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = await handle(JSON.parse(line));
  } catch (error) {
    reply = { error: error instanceof Error ? error.message : String(error) };
  }
  answer(`${JSON.stringify(reply)}\n`);
}
