import type { nn, Tensor } from "simdgrad";
import { SIDE } from "../mnist/digits.ts";
import { featureMaps, largest, planesOf } from "../shared/features.ts";
import { enlarge, FRAME, gridPng, ink, paint, signed, type Colour } from "../shared/pictures.ts";

/** The digit, what two filters find in it, and how strong the edges are in either direction. */
export function edgePicture(digit: Tensor, edges: Tensor): Uint8Array {
  const { planes, width } = planesOf(edges);
  const [vertical = new Float32Array(), horizontal = new Float32Array()] = planes;
  const most = largest(planes);
  const strength = vertical.map((v, i) => Math.hypot(v, horizontal[i] ?? 0));
  const tiles = [
    ...planesOf(digit).planes.map((plane) => paint(plane, width)),
    ...planes.map((plane) => paint(plane, width, (value) => signed(value / most))),
    paint(strength, width, (value) => ink(value / largest([strength]))),
  ];
  return gridPng(tiles, { columns: tiles.length, scale: 5, gap: 4, between: FRAME });
}

/** The weights of the first convolution. */
export function filterPicture(model: nn.Sequential): Uint8Array {
  const [first] = model;
  const [weight] = first?.parameters() ?? [];
  if (weight === undefined) throw new Error("the model begins without weights");
  const { planes, width } = planesOf(weight);
  const most = largest(planes);
  const tiles = planes.map((plane) => paint(plane, width, (value) => signed(value / most)));
  return gridPng(tiles, { columns: 8, scale: 26, gap: 10 });
}

/** The feature maps after some of the layers, all drawn at one size. */
export function mapPicture(model: nn.Sequential, stages: readonly number[], image: Tensor): Uint8Array {
  const tiles = stages.flatMap((layers) => {
    const { planes, width } = featureMaps(model, layers, image);
    const most = largest(planes);
    return planes.map((plane) =>
      enlarge(
        paint(plane, width, (value) => ink(value / most)),
        SIDE / width,
      ),
    );
  });
  return gridPng(tiles, { columns: 8, scale: 3, gap: 2, between: FRAME });
}

const tinted = ([r, g, b]: Colour): Colour => [
  Math.round(0.5 * r + 0.5 * 0xe0),
  Math.round(0.5 * g + 0.5 * 0x6c),
  Math.round(0.5 * b + 0.5 * 0x1f),
];

/** A digit for each field, which lies over it in orange. */
export function fieldPicture(pixels: Uint8Array, fields: readonly Float32Array[]): Uint8Array {
  const tiles = fields.map((field) => {
    const { colours, ...size } = paint(pixels, SIDE, (grey) => ink(grey / 255));
    return { ...size, colours: colours.map((colour, i) => (field[i] ? tinted(colour) : colour)) };
  });
  return gridPng(tiles, { columns: fields.length, scale: 5, gap: 4, between: FRAME });
}
