import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CASES } from "../io/stores.ts";
import { describeInChromium } from "./chromium.ts";
import { root, serveVite, troubleOf, type Served } from "./serve.ts";
import type { Offer, StoreKind } from "./stores.page.ts";

const KINDS: readonly StoreKind[] = ["indexedDbStore", "opfsStore"];

describeInChromium("stores in a page", (launch) => {
  let served: Served;
  let browser: Browser;
  let page: Page;
  let trouble: string[];

  const load = async (): Promise<void> => {
    await page.goto(`${served.url}/test/browser/stores.html`);
    await page.waitForFunction(() => "leaveEmpty" in globalThis);
  };
  const call = <K extends keyof Offer>(what: K, ...args: Parameters<Offer[K]>): ReturnType<Offer[K]> =>
    page.evaluate(
      ([name, list]) =>
        (globalThis as unknown as Record<string, (...all: unknown[]) => unknown>)[name]?.(...list),
      [what, args as unknown[]] as const,
    ) as ReturnType<Offer[K]>;

  beforeAll(async () => {
    served = await serveVite({ root });
    browser = await launch();
    page = await browser.newPage();
    trouble = troubleOf(page);
    await load();
  });
  afterAll(async () => {
    await browser.close();
    await served.close();
  });

  describe.each(KINDS)("%s", (kind) => {
    test.each(CASES.map(([name], i) => [name, i] as const))("%s", async (_, i) => {
      await call("run", kind, i);
    });

    test("keeps files through a reload", async () => {
      await call("write", kind, "x", 1000, 7);
      await load();
      expect(await call("read", kind, "x")).toEqual([1000, 7]);
    });

    test("a page that is closed in the middle of a write leaves the former file", async () => {
      await call("write", kind, "x", 1000, 7);
      await page.evaluate((k) => {
        void (globalThis as unknown as Offer).write(k, "x", 50_000_000, 8);
      }, kind);
      await load();
      const found = await call("read", kind, "x");
      expect([
        [1000, 7],
        [50_000_000, 8],
      ]).toContainEqual(found);
    });
  });

  const refused = (kind: StoreKind): RegExp =>
    new RegExp(`PlatformError: ${kind}: writing x failed, .* \\(what was there before is still there\\)`);

  async function stillWorks(kind: StoreKind): Promise<void> {
    expect(await call("read", kind, "x")).toEqual([1000, 7]);
    await call("write", kind, "x", 2000, 9);
    expect(await call("read", kind, "x")).toEqual([2000, 9]);
  }

  test("opfsStore: a disk that is full leaves the former file", async () => {
    await call("write", "opfsStore", "x", 1000, 7);
    const client = await page.context().newCDPSession(page);
    const { origin } = new URL(served.url);
    await client.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 2_000_000 });
    await expect(call("write", "opfsStore", "x", 40_000_000, 8)).rejects.toThrow(refused("opfsStore"));
    await client.send("Storage.overrideQuotaForOrigin", { origin });
    await stillWorks("opfsStore");
  });

  test("indexedDbStore: a transaction that is aborted leaves the former file", async () => {
    await call("write", "indexedDbStore", "x", 1000, 7);
    // Chromium tells of a full disk so; it does not hold databases to a quota that is set from outside.
    await page.evaluate(() => {
      const { prototype } = IDBObjectStore;
      const put = Object.getOwnPropertyDescriptor(prototype, "put") as PropertyDescriptor;
      prototype.put = function (...args) {
        Object.defineProperty(prototype, "put", put);
        const request = (put.value as typeof prototype.put).apply(this, args);
        this.transaction.abort();
        return request;
      };
    });
    await expect(call("write", "indexedDbStore", "x", 4000, 8)).rejects.toThrow(refused("indexedDbStore"));
    await stillWorks("indexedDbStore");
  });

  test("opfsStore takes an empty file, which a cut-off first write leaves, for none", async () => {
    await call("leaveEmpty", "y");
    expect(await call("read", "opfsStore", "y")).toBe(null);
    expect(await call("list", "opfsStore")).not.toContain("y");
  });

  test("the page had no trouble", () => {
    expect(trouble).toEqual([]);
  });
});
