/** What is looked at in every browser: an isolated page, and one that may not share memory. */
import { ISOLATION, serve } from "./site.mjs";

/** @import { Visit } from "../types.d.ts" */

/**
 * @param {string} folder
 * @param {"simd" | "relaxed"} variant
 * @param {(url: string) => Promise<string>} outcomeOf opens a page, waits for its outcome, closes it
 */
export async function visitPages(folder, variant, outcomeOf) {
  /** @type {Visit[]} */
  const visits = [];
  for (const isolated of [true, false]) {
    const site = await serve(folder, isolated ? ISOLATION : {});
    try {
      const text = await outcomeOf(`${site.url}/?scope=${isolated ? "all" : "training"}`);
      const { report, error, trouble } = JSON.parse(text);
      if (error !== undefined) throw new Error(`the page failed: ${error}`);
      visits.push({
        where: isolated ? "" : "without COOP and COEP",
        report,
        trouble,
        expected: {
          host: "browser",
          variant,
          ...(isolated
            ? { threads: 2, threadsReason: /^init has asked for them$/ }
            : {
                threads: 1,
                threadsReason: /not cross-origin isolated.*Cross-Origin-Opener-Policy: same-origin/,
              }),
        },
      });
    } finally {
      site.close();
    }
  }
  return visits;
}
