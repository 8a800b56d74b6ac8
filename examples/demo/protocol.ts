/** What the page and its worker tell each other, beside what `train.connect` and `train.serve` do by themselves. */
import type { BackendInfo } from "simdgrad";

export interface Settings {
  readonly epochs: number;
  readonly batch: number;
  /** Peak of the learning rate's one cycle. */
  readonly lr: number;
  readonly seed: number;
  /** The address of the folder of the digits. */
  readonly digits: string;
}

/** To the worker: a drawing, 28 × 28 from 0 (paper) to 1 (ink), to be judged now and again as training goes on; null for none. */
export type Ink = Float32Array | null;

/** A test digit that the network gets wrong. */
export interface Mistake {
  /** 28 × 28 grey values, 255 for ink. */
  readonly pixels: Uint8Array;
  readonly label: number;
  readonly predicted: number;
}

/** From the worker. */
export type Report =
  | { readonly type: "loading"; readonly loaded: number; readonly total: number }
  | {
      readonly type: "ready";
      readonly backend: BackendInfo;
      readonly summary: string;
      readonly parameters: number;
      readonly trainDigits: number;
    }
  | { readonly type: "pace"; readonly digitsPerSecond: number }
  | {
      readonly type: "accuracy";
      readonly step: number;
      readonly correct: number;
      readonly total: number;
      readonly mistakes: readonly Mistake[];
    }
  | { readonly type: "prediction"; readonly probabilities: Float32Array };
