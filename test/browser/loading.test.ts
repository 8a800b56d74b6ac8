import { afterAll, beforeAll, expect, test } from "vitest";
import type { Browser, Page } from "playwright-core";
import { describeInChromium } from "./chromium.ts";
import type { Offer } from "./loading.page.ts";
import { root, serveVite, troubleOf, type Served } from "./serve.ts";

describeInChromium("loading in a page", (launch) => {
  let served: Served;
  let browser: Browser;
  let page: Page;
  let trouble: string[];

  beforeAll(async () => {
    served = await serveVite({ root });
    browser = await launch();
    page = await browser.newPage();
    trouble = troubleOf(page);
    await page.goto(`${served.url}/test/browser/loading.html`);
    await page.waitForFunction(() => "images" in globalThis);
  });
  afterAll(async () => {
    await browser.close();
    await served.close();
  });

  const squares = (until: number, timeout: number): ReturnType<Offer["squares"]> =>
    page.evaluate((options) => (globalThis as unknown as Offer).squares(options), { until, timeout });

  test("workers serve a dataset, in order", async () => {
    const { seen, error } = await squares(6, 60_000);
    expect(error).toBeNull();
    expect(seen).toEqual(
      [0, 2, 4, 6, 8, 10].map((i) => [
        [[i ** 2], [(i + 1) ** 2]],
        [i, i + 1],
      ]),
    );
  });

  test("a sample that fails is named, and so is a worker that ends without a word", async () => {
    const { seen, error } = await squares(Infinity, 3_000);
    expect(seen).toHaveLength(6);
    const [failed, silent] = (error ?? "").split("\n");
    expect(failed).toMatch(
      /^WorkerError: WorkerDataset: worker \d failed before it had made samples 12, 13: RangeError: sample 13 is broken$/,
    );
    expect(silent).toMatch(
      /^WorkerError: WorkerDataset: worker \d was silent for 3000 ms before it had made sample 17 /,
    );
  });

  test("images are decoded by the browser", async () => {
    const { seen, error, left } = await page.evaluate(() => (globalThis as unknown as Offer).images());
    const rows = (a: number, b: number): number[][] => [
      [a, a, b, b],
      [a, a, b, b],
    ];
    const [colour, grey] = seen as [unknown, [number[][][][], number[]]];
    expect(colour).toEqual([
      [
        [rows(255, 0), rows(0, 0), rows(0, 255)],
        [rows(255, 0), rows(255, 0), rows(255, 0)],
      ],
      [0, 1],
    ]);
    expect(grey[1]).toEqual([0, 1]);
    // Cut off to the middle: the luma of red and blue, white and black.
    const values = grey[0].map((image) =>
      image[0]?.map((row) => row.map((value) => Math.round(value * 255))),
    );
    expect(values).toEqual([
      [
        [76, 29],
        [76, 29],
      ],
      [
        [255, 0],
        [255, 0],
      ],
    ]);
    expect(error).toMatch(/^FormatError: imageDataset: cannot decode broken.png: .*withoutBroken\(\)\)$/);
    expect(left).toBe(2);
  });

  test("the page had no trouble but the file that is missing", async () => {
    expect(trouble).toEqual([]);
    const message = await page.evaluate(() => (globalThis as unknown as Offer).missing());
    expect(message).toMatch(
      /^WorkerError: WorkerDataset: worker 0 ended with an error: could its file not be loaded\? /,
    );
  });
});
