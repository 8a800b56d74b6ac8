import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { installExample } from "../../examples/install.mjs";
import { root, startNodeServer, type Service } from "./serverless/hosts.ts";

/** What a program prints, and how it ends. */
const run = (words: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const options = {
      cwd: join(root, "examples/node-server"),
      env: { ...process.env, NODE_OPTIONS: "", ...env },
    };
    execFile(process.execPath, words, options, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });

beforeAll(() => installExample("node-server"));

describe("examples/node-server", () => {
  const running: Service[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((service) => service.stop()));
  });
  const start = async (env: Readonly<Record<string, string>>): Promise<Service> => {
    const service = await startNodeServer(env);
    running.push(service);
    return service;
  };
  const post = (service: Service, count = 1): Promise<Response> =>
    fetch(`${service.url}/classify`, {
      method: "POST",
      headers: { "content-type": "application/octet-stream" },
      body: new Uint8Array(784 * count),
    });
  const stats = async (
    service: Service,
  ): Promise<Record<"batches" | "digits" | "waiting" | "refused", number>> =>
    (await (await fetch(`${service.url}/stats`)).json()) as never;
  const untilWaiting = async (service: Service, count: number): Promise<void> => {
    while ((await stats(service)).waiting < count) await sleep(10);
  };

  test("puts concurrent requests through the network together", async () => {
    const service = await start({ BATCH_SIZE: "8", BATCH_WAIT_MS: "1000" });
    const responses = await Promise.all(Array.from({ length: 16 }, () => post(service)));
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 16 }, () => 200));
    expect(await stats(service)).toMatchObject({ batches: 2, digits: 16, waiting: 0 });
  });

  test("does not wait longer than it is told for a batch to fill", async () => {
    const service = await start({ BATCH_SIZE: "8", BATCH_WAIT_MS: "50" });
    await Promise.all([post(service, 2), post(service)]);
    expect((await stats(service)).digits).toBe(3);
  });

  test("refuses what its queue cannot hold, says when to come again, and answers the others", async () => {
    const service = await start({ BATCH_SIZE: "256", BATCH_WAIT_MS: "1000", QUEUE_SIZE: "8" });
    const waiting = [post(service, 4), post(service, 4)];
    await untilWaiting(service, 8);
    const refused = await post(service);
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toMatchObject({ status: 503, rule: "8 digits may wait", value: 8 });
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
    expect(await post(service)).toHaveProperty("status", 200);
    expect((await stats(service)).refused).toBe(1);
  });

  test("on SIGTERM it is no longer ready, answers what waits, and ends with 0", async () => {
    const service = await start({ BATCH_SIZE: "256", BATCH_WAIT_MS: "1000", LAME_DUCK_MS: "500" });
    expect(await fetch(`${service.url}/readyz`)).toHaveProperty("status", 200);
    const waiting = [post(service), post(service)];
    await untilWaiting(service, 2);
    const ended = service.stop();
    let ready = 200;
    while (ready === 200) ready = (await fetch(`${service.url}/readyz`)).status;
    expect(ready).toBe(503);
    expect(await fetch(`${service.url}/healthz`)).toHaveProperty("status", 200);
    const answers = await Promise.all(waiting);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[0]?.headers.get("connection")).toBe("close");
    expect(await ended).toBe(0);
    await expect(fetch(`${service.url}/readyz`)).rejects.toThrow();
    // One line of JSON each.
    const lines = service
      .said()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.at(-1)).toMatchObject({ msg: "drained", digits: 2 });
    expect(lines.filter(({ url, status }) => url === "/classify" && status === 200)).toHaveLength(2);
  });

  test("gives up a shutdown that does not end", async () => {
    const service = await start({ BATCH_SIZE: "256", BATCH_WAIT_MS: "1000", DRAIN_MS: "100" });
    const waiting = post(service).catch(() => "cut off");
    await untilWaiting(service, 1);
    expect(await service.stop()).toBe(1);
    expect(await waiting).toBe("cut off");
  });

  test.for([
    ["PORT", "eighty", 'PORT must be a whole number from 0 to 65535, got "eighty"'],
    ["BATCH_SIZE", "0", 'BATCH_SIZE must be a whole number from 1 to 256, got "0"'],
    ["MODEL", "/nowhere.safetensors", "/nowhere.safetensors"],
  ])("does not start with %s=%s", async ([name = "", value = "", message = ""]) => {
    const { code, err } = await run(["server.js"], { [name]: value });
    expect(err).toContain(message);
    expect(code).toBe(1);
  });

  test("the load test, shortened: every answer is one, and memory() is as it was", async () => {
    const { code, out, err } = await run(["loadtest.js", "--requests", "2000", "--compare", "500"]);
    expect(err).toBe("");
    expect(code).toBe(0);
    interface Result {
      answered: number;
      failed: number;
      meanBatch: number;
      marks: { requests: number; memory: unknown }[];
    }
    const last = JSON.parse(out.trim().split("\n").at(-1) ?? "") as Record<
      "single" | "batched" | "long",
      Result
    >;
    expect(last.long).toMatchObject({ answered: 2000, failed: 0 });
    expect(last.single.meanBatch).toBe(1);
    expect(last.batched.meanBatch).toBeGreaterThan(1);
    const [before, ...after] = last.long.marks;
    expect(after.map(({ requests }) => requests)).toEqual([1000, 2000]);
    for (const { memory } of after) expect(memory).toEqual(before?.memory);
  });
});
