import { nn, noGrad, tensor } from "simdgrad";
import { AREA, SIDE } from "../mnist/digits.ts";
import { firstLayers } from "../shared/features.ts";
import { sizeOf } from "./networks.ts";

/** How many numbers a layer from one digit to `channels` maps of its size has to learn, for three kinds of layer. */
export function layerSizes(channels: number): { everything: number; local: number; shared: number } {
  const outputs = channels * AREA;
  const shared = sizeOf(new nn.Conv2d(1, channels, 3, { padding: 1 }));
  return {
    everything: sizeOf(new nn.Linear(AREA, outputs)),
    // 3 × 3 pixels for each output, but weights of its own at each place.
    local: (shared / channels) * outputs,
    shared,
  };
}

/**
 * Which pixels the middle output of the first `count` layers depends on, [28, 28], 1 or 0. Measured: of 784 images each has another pixel
 * that is not a number, and whatever depends on it is not a number either.
 */
export function field(model: nn.Sequential, count: number): Float32Array {
  const poisoned = new Float32Array(AREA * AREA);
  for (let pixel = 0; pixel < AREA; pixel++) poisoned[pixel * AREA + pixel] = NaN;
  const outputs = noGrad(() => {
    const maps = firstLayers(model, count)
      .eval()
      .forward(tensor(poisoned, { shape: [AREA, 1, SIDE, SIDE] }));
    const [, , height = 1, width = 1] = maps.shape;
    return maps
      .select(1, 0)
      .select(1, height >> 1)
      .select(1, width >> 1).data;
  });
  return Float32Array.from(outputs, (value) => (Number.isNaN(value) ? 1 : 0));
}

/** The side of a square field. */
export const sideOf = (pixels: Iterable<number>): number => {
  let area = 0;
  for (const pixel of pixels) area += pixel;
  return Math.sqrt(area);
};
