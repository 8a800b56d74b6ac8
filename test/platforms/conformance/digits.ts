import { tensor, type Tensor } from "simdgrad";
import type { Data } from "./types.ts";

export interface Digits {
  /** [n, 1, 28, 28], from 0 to 1. */
  readonly images: Tensor;
  readonly labels: Tensor;
}

const SIDE = 28;

const bytesOf = (base64: string): Uint8Array =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

export function digitsOf({ images, labels }: Data["digits"]): Digits {
  const classes = Int32Array.from(bytesOf(labels));
  return {
    // Exact in f32: the same on every engine.
    images: tensor(
      Float32Array.from(bytesOf(images), (byte) => byte / 256),
      { shape: [classes.length, 1, SIDE, SIDE] },
    ),
    labels: tensor(classes),
  };
}
