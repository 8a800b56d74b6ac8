/** What the command and its runtimes say to each other. */
import type { Report } from "./conformance/types.ts";

/** A runtime that was found. */
export interface Found {
  readonly path: string;
  readonly version: string;
}

/** One run of the conformance program, and what it must say beside passed checks. */
export interface Visit {
  /** In what state the host was; empty for the ordinary one. */
  readonly where: string;
  readonly report: Report;
  /** What else the host complained of: warnings, errors, failed requests. */
  readonly trouble: readonly string[];
  readonly expected: Expected;
}

export interface Expected {
  /** Before anything is chosen. */
  readonly variant: "simd" | "relaxed";
  /** What `host` says. */
  readonly host: string;
  /** After two have been asked for. */
  readonly threads: 1 | 2;
  readonly threadsReason: RegExp;
}

export interface Runtime {
  /** For --only and --allow-missing. */
  readonly name: string;
  readonly title: string;
  /** How somebody gets it who has not got it. */
  readonly get: string;
  /** Finds it, or installs it where that can be done without asking. Throws, with the reason, when it is not to be had. */
  find(): Promise<Found>;
  /** Runs the conformance program from the folder where the package is installed. */
  run(found: Found, folder: string): Promise<Visit[]>;
}

export interface Outcome {
  readonly runtime: Runtime;
  readonly found: Found | null;
  readonly visits: readonly Visit[];
  /** Why it was not found; null where it was. */
  readonly missing: string | null;
  /** Why it gave no report; null where it did. */
  readonly failure: string | null;
  readonly seconds: number;
}
