import { noGrad, type data, type Tensor, type train } from "simdgrad";
import { linesToSvg } from "simdgrad/plot";
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

/** A digit of each class, a column each: as it is, and below as it is in the first epochs. */
export function augmentedPicture(digits: Digits, augment: data.Transform, seed: number): Uint8Array {
  const indices = Int32Array.from({ length: 10 }, (_, digit) => digits.labels.indexOf(digit));
  const tiles = noGrad(() => {
    const batch = digits.batch(indices);
    const epochs = Array.from({ length: 6 }, (_, epoch) => augment(batch, { seed, epoch, indices }));
    return [batch, ...epochs].flatMap(([images]) => pictures(images));
  });
  return gridPng(tiles, { columns: indices.length, scale: 2, gap: 2, between: FRAME });
}

/** How many digits were read wrong after each epoch, training digits and test digits. */
export function errorPicture(augmented: train.History, plain: train.History): string {
  const wrong = (history: train.History, name: string): [number, number][] =>
    history.values(name).map((share, i) => [i + 1, 100 * (1 - share)]);
  return linesToSvg(
    [
      { name: "with: test", points: wrong(augmented, "valAccuracy") },
      { name: "without: test", points: wrong(plain, "valAccuracy") },
      { name: "with: training", points: wrong(augmented, "accuracy") },
      { name: "without: training", points: wrong(plain, "accuracy") },
    ],
    { xLabel: "epoch", yLabel: "wrong, %", height: 340 },
  );
}

/** The mistakes that remain, worst first: what was written, and as what it was read. */
export function mistakePicture(digits: Digits, evaluation: Evaluation): string {
  const items = worstMistakes(digits, evaluation, 48).map(({ index, truth, answer }) => ({
    picture: paint(digits.pixels(index), SIDE, (grey) => ink(grey / 255)),
    caption: `${truth}, read ${answer}`,
  }));
  return captionedSvg(items, { columns: 12 });
}
