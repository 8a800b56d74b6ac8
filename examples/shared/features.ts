import { nn, noGrad, type Tensor } from "simdgrad";

/** The first layers of a model as a model of their own; it shares their weights. */
export const firstLayers = (model: nn.Sequential, count: number): nn.Sequential =>
  new nn.Sequential(...[...model].slice(0, count));

/** Planes of one size, row by row. */
export interface Planes {
  readonly width: number;
  readonly height: number;
  readonly planes: readonly Float32Array[];
}

/** The planes [.., height, width] of a tensor: the filters of a weight, the feature maps of an image. */
export function planesOf(t: Tensor): Planes {
  const [height = 1, width = 1] = t.shape.slice(-2);
  const values = t.data as Float32Array;
  const area = width * height;
  const planes = Array.from({ length: values.length / area }, (_, i) =>
    values.slice(i * area, (i + 1) * area),
  );
  return { width, height, planes };
}

/** What the first `layers` layers make of an image [1, channels, h, w], a plane a channel. */
export const featureMaps = (model: nn.Sequential, layers: number, image: Tensor): Planes =>
  planesOf(noGrad(() => firstLayers(model, layers).eval().forward(image)));

/** The largest magnitude: what is drawn in full. */
export function largest(planes: readonly Iterable<number>[]): number {
  let most = 0;
  for (const plane of planes) for (const value of plane) most = Math.max(most, Math.abs(value));
  return most;
}
