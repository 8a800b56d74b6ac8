import { intercept } from "../program/emit.ts";
import { withSpans } from "../program/span.ts";
import { refusePromise } from "../tensor/lifetime.ts";
import { chromeTrace } from "./chrome.ts";
import { entriesOf, type ProfileEntry } from "./entries.ts";
import { Stopwatch, type Timeline } from "./stopwatch.ts";
import { profileTable } from "./table.ts";

export type { ProfileEntry } from "./entries.ts";

/** Where the time of a function went. */
export class Profile<T = unknown> {
  /** What the function returned. */
  readonly result: T;
  /** Milliseconds from its start to its end. */
  readonly wallMs: number;
  /** Milliseconds in kernels; the rest is JavaScript's, measuring included. */
  readonly kernelMs: number;
  /** By op, those that took longest first. */
  readonly entries: readonly ProfileEntry[];
  private readonly timeline: Timeline;

  constructor(result: T, timeline: Timeline) {
    this.result = result;
    this.timeline = timeline;
    this.wallMs = timeline.end - timeline.start;
    this.kernelMs = timeline.commands.reduce((sum, { start, end }) => sum + (end - start), 0);
    this.entries = entriesOf(timeline);
  }

  /** A table of the entries, with JavaScript's own share and the total. */
  toString(): string {
    return profileTable(this.entries, this.wallMs, this.kernelMs);
  }

  /**
   * Every op and every kernel as JSON of the Chrome trace event format, for chrome://tracing, ui.perfetto.dev or the performance panel of
   * Chromium's developer tools.
   * @see https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
   */
  toChromeTrace(): string {
    return chromeTrace(this.timeline);
  }
}

/**
 * Runs `fn` and times every kernel that it uses, one by one, by the op that called for it. Works with training steps, with inference, and
 * with compiled functions, whose kernels have no ops any more and stand under their own names.
 *
 * Operations and bytes are estimates from the commands' sizes: two operations for each pair that a product multiplies and adds, by the direct
 * algorithm, otherwise one an element; each operand read or written once. The table shows whichever there is more of. Timing costs a fraction of a microsecond a kernel, which counts as JavaScript's; what ran for the first time was also
 * compiled, so profile a second step rather than the first.
 * @param fn a synchronous function; a returned promise is a TypeError.
 * @example
 * const p = profile(() => step(x, y));
 * console.log(String(p)); // a table: op, calls, ms, share, GFLOP/s, GB/s
 */
export function profile<T>(fn: () => T): Profile<T> {
  const watch = new Stopwatch();
  const result = withSpans(watch, () => intercept(watch, fn));
  refusePromise("profile", result);
  return new Profile(result, watch.stop());
}
