import { noGrad, type data, type Tensor } from "simdgrad";
import { normalise, SIDE, type Digits } from "../mnist/digits.ts";
import type { Evaluation } from "../mnist/evaluate.ts";
import { worstMistakes } from "../mnist/report/mistakes.ts";
import { captionedSvg } from "../shared/captioned.ts";
import { planesOf } from "../shared/features.ts";
import { FRAME, gridPng, ink, paint, type Picture } from "../shared/pictures.ts";

const paper = normalise(0);
const full = normalise(1);

/** The images of a batch. */
const pictures = (images: Tensor): Picture[] =>
  planesOf(images).planes.map((plane) =>
    paint(plane, SIDE, (value) => ink((value - paper) / (full - paper))),
  );

/** Eight digits, a column each: as they are, and below as they are in the first epochs. */
export function augmentedPicture(
  digits: Digits,
  augment: data.BatchTransform<[Tensor, Tensor]>,
  seed: number,
): Uint8Array {
  const indices = Int32Array.from({ length: 10 }, (_, digit) => digits.labels.indexOf(digit));
  const tiles = noGrad(() => {
    const batch = digits.batch(indices);
    const epochs = Array.from({ length: 6 }, (_, epoch) => augment(batch, { seed, epoch, indices }));
    return [batch, ...epochs].flatMap(([images]) => pictures(images));
  });
  return gridPng(tiles, { columns: indices.length, scale: 2, gap: 2, between: FRAME });
}

/** The mistakes that remain, worst first: what was written, and as what it was read. */
export function mistakePicture(digits: Digits, evaluation: Evaluation): string {
  const items = worstMistakes(digits, evaluation, 48).map(({ index, truth, answer }) => ({
    picture: paint(digits.pixels(index), SIDE, (grey) => ink(grey / 255)),
    caption: `${truth}, read ${answer}`,
  }));
  return captionedSvg(items, { columns: 12 });
}
