/** What is looked at in browsers: an isolated page, and one that may not share memory. */
import { DEADLINE } from "../run-program.mjs";
import { ISOLATION, serve } from "./site.mjs";

/** @import { Expected, Visit } from "../types.d.ts" */
/** @typedef {{ where: string, headers: Record<string, string>, scope: "all" | "short", expected: Expected }} Page */

/** @param {"simd" | "relaxed"} variant @returns {Page} */
export const isolated = (variant) => ({
  where: "",
  headers: ISOLATION,
  scope: "all",
  expected: { host: "browser", variant, threads: 2, threadsReason: /^init has asked for them$/ },
});

/** @param {"simd" | "relaxed"} variant @returns {Page} */
export const plain = (variant) => ({
  where: "without COOP and COEP",
  headers: {},
  scope: "short",
  expected: {
    host: "browser",
    variant,
    threads: 1,
    threadsReason: /not cross-origin isolated.*Cross-Origin-Opener-Policy: same-origin/,
  },
});

/**
 * @param {string} folder
 * @param {Page} page
 * @param {(url: string) => Promise<() => unknown>} open shows a page; what it returns closes it
 * @returns {Promise<Visit>}
 */
export async function visit(folder, { where, headers, scope, expected }, open) {
  const site = await serve(folder, headers);
  try {
    const close = await open(`${site.url}/?scope=${scope}`);
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(reject, DEADLINE, new Error(`the page has sent nothing for ${DEADLINE / 1000} s`));
    });
    try {
      const { report, error, trouble } = JSON.parse(await Promise.race([site.outcome, late]));
      if (error !== undefined) throw new Error(`the page failed: ${error}`);
      return { where, report, trouble, expected };
    } finally {
      clearTimeout(timer);
      await close();
    }
  } finally {
    site.close();
  }
}
