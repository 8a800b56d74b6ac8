import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeInChromium } from "./chromium.ts";
import { root, serveVite, troubleOf, type Served } from "./serve.ts";

describeInChromium("the demo", (launch) => {
  let served: Served;
  let browser: Browser;
  let page: Page;
  let trouble: string[];

  const step = (): Promise<number> =>
    page.evaluate(() => Number(document.documentElement.dataset.step ?? -1));
  const state = (): Promise<string | undefined> =>
    page.evaluate(() => document.documentElement.dataset.state);
  const reach = (wanted: number): Promise<unknown> =>
    page.waitForFunction((least) => Number(document.documentElement.dataset.step ?? -1) >= least, wanted);
  const loss = async (): Promise<number> => Number(await page.textContent("#loss"));
  const accuracy = async (): Promise<number> =>
    Number.parseFloat((await page.textContent("#accuracy")) ?? "");
  /** What the ten bars say, in percent. */
  const bars = async (): Promise<number[]> =>
    (await page.locator("#bars .value").allTextContents()).map((words) => Number.parseFloat(words));

  async function padBox(): Promise<{ x: number; y: number; width: number; height: number }> {
    const box = await page.locator("#pad").boundingBox();
    if (box === null) throw new Error("the drawing area is not to be seen");
    return box;
  }

  /** Draws a line through points given in shares of the drawing area. */
  async function draw(points: readonly (readonly [number, number])[]): Promise<void> {
    const box = await padBox();
    for (const [i, [x, y]] of points.entries()) {
      await page.mouse.move(box.x + x * box.width, box.y + y * box.height, { steps: i === 0 ? 1 : 5 });
      if (i === 0) await page.mouse.down();
    }
    await page.mouse.up();
  }

  /** Leaves nothing drawn. The page follows with its next frame, and the answer with it. */
  async function clear(): Promise<void> {
    if (await page.isEnabled("#clear")) await page.click("#clear");
    await page.waitForFunction(() => document.querySelector("#guess")?.textContent === "?");
  }

  beforeAll(async () => {
    const folder = join(root, "examples/demo");
    served = await serveVite({ root: folder, configFile: join(folder, "vite.config.ts") });
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 1200, height: 900 } });
    page.setDefaultTimeout(60_000);
    trouble = troubleOf(page);
    await page.goto(served.url);
    // Long enough that no machine is done before the tests are.
    await page.locator("#restart:enabled").waitFor();
    await page.selectOption("#epochs", "5");
    await page.click("#restart");
    await page.waitForFunction(() => document.querySelector("#status")?.textContent.includes("of 5"));
  });
  afterAll(async () => {
    await browser.close();
    await served.close();
  });

  test("trains: the loss falls and the accuracy rises", { timeout: 120_000 }, async () => {
    await reach(1);
    const before = await loss();
    await reach(120);
    expect(await state()).toBe("running");
    expect(await loss()).toBeLessThan(before);
    expect(await loss()).toBeLessThan(1.5);
    expect(await accuracy()).toBeGreaterThan(70);
    expect(await page.locator("#loss-chart canvas").count()).toBe(1);
    expect(Number((await page.textContent("#speed"))?.replaceAll(",", ""))).toBeGreaterThan(0);
  });

  test("the page paints while the worker trains", async () => {
    const frames = await page.evaluate(async () => {
      const stepNow = (): number => Number(document.documentElement.dataset.step);
      const start = stepNow();
      let count = 0;
      while (stepNow() < start + 30) {
        await new Promise(requestAnimationFrame);
        count++;
      }
      return count;
    });
    expect(frames).toBeGreaterThan(10);
  });

  test("a drawn digit gets a prediction, which changes as training goes on", async () => {
    expect(await page.textContent("#guess")).toBe("?");
    expect(await bars()).toEqual(Array(10).fill(NaN));
    // Wide enough that nothing takes it for a 7.
    await draw([
      [0.5, 0.15],
      [0.5, 0.85],
    ]);
    await page.waitForFunction(() => document.querySelector("#guess")?.textContent !== "?");
    const first = await bars();
    expect(first.reduce((a, b) => a + b, 0)).toBeGreaterThan(98);
    const from = await step();
    const words = await page.locator("#bars").innerText();
    await page.waitForFunction(
      (before) => document.querySelector<HTMLElement>("#bars")?.innerText !== before,
      words,
    );
    expect(await step()).toBeGreaterThan(from - 1);
    await page.waitForFunction(() => document.querySelector("#guess")?.textContent === "1");
    // The 28 × 28 that the network sees has ink in its middle.
    const ink = await page.evaluate(() => {
      const seen = document.querySelector<HTMLCanvasElement>("#seen");
      return seen?.getContext("2d")?.getImageData(14, 14, 1, 1).data[3] ?? 0;
    });
    expect(ink).toBeGreaterThan(128);
  });

  test("pause stops the steps, answers go on, and resume continues", async () => {
    await page.click("#pause");
    await page.waitForFunction(() => document.documentElement.dataset.state === "paused");
    // What was under way arrives first.
    await page.waitForTimeout(500);
    const paused = await step();
    await clear();
    await draw([
      [0.5, 0.2],
      [0.25, 0.5],
      [0.5, 0.8],
      [0.75, 0.5],
      [0.5, 0.2],
    ]);
    await page.waitForFunction(() => document.querySelector("#guess")?.textContent !== "?");
    await page.waitForTimeout(500);
    expect(await step()).toBe(paused);
    expect(await page.textContent("#pause")).toBe("Resume");
    await page.click("#pause");
    await reach(paused + 5);
    expect(await state()).toBe("running");
  });

  test("restart begins anew", async () => {
    const before = await step();
    await page.selectOption("#epochs", "2");
    await page.click("#restart");
    await page.waitForFunction((old) => Number(document.documentElement.dataset.step) < old, before);
    await reach(10);
    expect(await page.textContent("#status")).toMatch(/epoch 1 of 2, step [\d,]+ of 1,876/);
  });

  test("on a phone the page fits, a finger draws, and the page does not scroll meanwhile", async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await clear();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await page.locator("#pad").scrollIntoViewIfNeeded();
    const scrolled = await page.evaluate(() => scrollY);
    const { x, y, width, height } = await padBox();
    const client = await page.context().newCDPSession(page);
    const finger = (type: "touchStart" | "touchMove", share: number): Promise<unknown> =>
      client.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: [{ x: x + width / 2, y: y + share * height }],
      });
    await finger("touchStart", 0.85);
    for (let share = 0.8; share > 0.15; share -= 0.1) await finger("touchMove", share);
    await client.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await page.waitForFunction(() => document.querySelector("#guess")?.textContent !== "?");
    expect(await page.evaluate(() => scrollY)).toBe(scrolled);
    const rows = await page.evaluate(() => {
      const seen = document.querySelector<HTMLCanvasElement>("#seen");
      const { data } = seen?.getContext("2d")?.getImageData(14, 0, 1, 28) ?? { data: [] };
      return Array.from(data).filter((value, i) => i % 4 === 3 && value > 128).length;
    });
    // All of the way, not only where the finger came down.
    expect(rows).toBeGreaterThanOrEqual(18);
  });

  test("nothing went wrong in the page", () => {
    expect(trouble).toEqual([]);
  });

  test("a broken file is told in words", async () => {
    const other = await browser.newPage();
    await other.route("**/digits/t10k-images-idx3-ubyte", (route) =>
      route.fulfill({ body: Buffer.from([0, 0, 8, 3, 0, 0, 39, 16, 0, 0, 0, 28, 0, 0, 0, 28, 1]) }),
    );
    await other.goto(served.url);
    await other.locator("#failure").waitFor();
    expect(await other.textContent("#failure")).toMatch(/^Training has stopped: .*truncated.*test images/);
    expect(await other.isDisabled("#pause")).toBe(true);
    await other.close();
  });
});
