/** What a run of the conformance program says, as JSON. */
import type { BackendInfo } from "simdgrad";
import type { OpFamily } from "../../golden/cases.ts";

export interface Check {
  readonly name: string;
  readonly passed: boolean;
  /** What was found, or how it failed. */
  readonly detail: string;
  /** By the host's clock, which stands still in workerd. */
  readonly milliseconds: number;
}

export interface Report {
  /** Before anything was chosen. */
  readonly backend: BackendInfo;
  /** After two threads have been asked for. */
  readonly threads: BackendInfo | null;
  /** SHA-256 of the final weights, by network. */
  readonly weights: Readonly<Record<string, string>>;
  readonly checks: readonly Check[];
}

/** What the program gets beside the library: made by data.mjs. */
export interface Data {
  readonly families: readonly OpFamily[];
  /** As base64: 28 × 28 bytes a digit, and a byte each. */
  readonly digits: { readonly images: string; readonly labels: string };
}
