/** What the page and its worker tell each other. */
import type { BackendInfo } from "simdgrad";

export interface Settings {
  readonly epochs: number;
  readonly batch: number;
  /** Peak of the learning rate's one cycle. */
  readonly lr: number;
  readonly seed: number;
}

/** To the worker. */
export type Request =
  /** Starts anew, whatever runs. `digits`: the address of the folder of the digits. */
  | { readonly type: "start"; readonly settings: Settings; readonly digits: string }
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  /** A drawing, 28 × 28 from 0 (paper) to 1 (ink), to be judged now and again as training goes on; null for none. */
  | { readonly type: "draw"; readonly ink: Float32Array | null };

/** A test digit that the network gets wrong. */
export interface Mistake {
  /** 28 × 28 grey values, 255 for ink. */
  readonly pixels: Uint8Array;
  readonly label: number;
  readonly predicted: number;
}

export type State = "running" | "paused" | "done";

/** From the worker. */
export type Report =
  | { readonly type: "loading"; readonly loaded: number; readonly total: number }
  | {
      readonly type: "ready";
      readonly backend: BackendInfo;
      readonly summary: string;
      readonly parameters: number;
      readonly trainDigits: number;
      readonly testDigits: number;
    }
  | { readonly type: "started"; readonly steps: number; readonly stepsPerEpoch: number }
  | { readonly type: "state"; readonly state: State }
  /** The losses of the steps up to and with `step`, counted from 1, since the last such report. */
  | {
      readonly type: "progress";
      readonly step: number;
      readonly losses: readonly number[];
      readonly digitsPerSecond: number;
    }
  | {
      readonly type: "accuracy";
      readonly step: number;
      readonly correct: number;
      readonly total: number;
      readonly mistakes: readonly Mistake[];
    }
  | { readonly type: "prediction"; readonly step: number; readonly probabilities: Float32Array }
  | { readonly type: "failed"; readonly message: string };
