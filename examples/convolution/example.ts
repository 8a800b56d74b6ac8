import { cat, conv2d, noGrad, roll, tensor, type nn, type Tensor } from "simdgrad";
import { readDigits } from "../mnist/data.ts";
import { AREA, SIDE } from "../mnist/digits.ts";
import type { Context, Example } from "../shared/contract.ts";
import { firstLayers } from "../shared/features.ts";
import { count } from "../shared/words.ts";
import { field, layerSizes, sideOf } from "./counts.ts";
import { accuracy, learn } from "./learn.ts";
import { CHANNELS, convolutional, dense, sizeOf } from "./networks.ts";
import { edgePicture, fieldPicture, filterPicture, mapPicture } from "./pictures.ts";

/** More ink on the right than on the left: Sobel's filter for vertical edges. Turned, it finds horizontal ones. */
const SOBEL = [
  [-1, 0, 1],
  [-2, 0, 2],
  [-1, 0, 1],
];

/** What each number of layers ends with. */
const STAGES = [
  { layers: 2, name: "convolution 1" },
  { layers: 3, name: "pooling 1" },
  { layers: 5, name: "convolution 2" },
  { layers: 6, name: "pooling 2" },
];

/** A 2: the test digit of the pictures. */
const SHOWN = 1;

/** By how many pixels the digits are moved to the right. */
const SHIFT = 2;

const moved = (images: Tensor): Tensor => roll(images, SHIFT, { dims: 3 });

/** The vertical and the horizontal edges of an image: [1, 1, 28, 28] → [1, 2, 28, 28]. */
function edges(image: Tensor): Tensor {
  const vertical = tensor([[SOBEL]]);
  const filters = cat([vertical, vertical.transpose(2, 3)]);
  return conv2d(image, filters, null, { padding: 1 });
}

/** The largest difference between filtering a moved image and moving the filtered one, away from the edges. */
function difference(layer: nn.Sequential, image: Tensor): number {
  const apart = layer.forward(moved(image)).sub(moved(layer.forward(image)));
  return apart
    .narrow({ dim: 3, start: SHIFT + 1, length: SIDE - SHIFT - 2 })
    .abs()
    .max()
    .item();
}

/** How much each kind of layer has to learn, and what the layers of the network look at. */
function tellCounts({ say }: Context, fields: readonly Float32Array[]): ReturnType<typeof layerSizes> {
  const [channels] = CHANNELS;
  const sizes = layerSizes(channels);
  say(`a layer from ${AREA} pixels to ${channels} maps of ${SIDE} × ${SIDE} learns`);
  say(`  ${count(sizes.everything).padStart(9)} numbers where each output looks at every pixel,`);
  say(`  ${count(sizes.local).padStart(9)} where it looks at 3 × 3 pixels,`);
  say(`  ${count(sizes.shared).padStart(9)} where all places share their weights: a convolution\n`);
  STAGES.forEach(({ name }, i) => {
    const side = sideOf(fields[i] ?? []);
    say(`an output of ${name} depends on ${side} × ${side} pixels`);
  });
  return sizes;
}

export const example: Example = {
  title: "Convolution: filters, feature maps, pooling, shared weights and local fields",
  async run(context) {
    const { seed, quick, signal, say } = context;
    const training = readDigits("train", { limit: quick ? 10_000 : 60_000 });
    const testing = readDigits("test", { limit: quick ? 2_000 : 10_000 });
    const pixels = testing.pixels(SHOWN);
    const digit = tensor(
      Float32Array.from(pixels, (grey) => grey / 255),
      { shape: [1, 1, SIDE, SIDE] },
    );
    context.picture("edges.png", edgePicture(digit, edges(digit)));

    const [model, plain] = [convolutional(), dense()];
    const fields = STAGES.map(({ layers }) => field(model, layers));
    context.picture("fields.png", fieldPicture(pixels, fields));
    const sizes = tellCounts(context, fields);

    say(`\nafter seeing each of ${count(training.length)} digits once   as they are   moved ${SHIFT} pixels`);
    const measure = async (name: string, net: nn.Sequential): Promise<[number, number]> => {
      await learn(net, training, seed, signal);
      const shares: [number, number] = [await accuracy(net, testing), await accuracy(net, testing, moved)];
      const text = shares.map((share) => `${share.toFixed(2)} %`.padStart(16));
      say(`  ${name.padEnd(14)}${count(sizeOf(net)).padStart(7)} parameters ${text.join("")}`);
      return shares;
    };
    const [ours, oursMoved] = await measure("convolutional", model);
    const [theirs, theirsMoved] = await measure("dense", plain);

    const [image] = testing.batch(Int32Array.of(SHOWN));
    context.picture("filters.png", filterPicture(model));
    const layers = STAGES.map((stage) => stage.layers);
    context.picture("maps.png", mapPicture(model, layers, image));
    return [
      { what: "test digits read right", value: ours, unit: " %", atLeast: quick ? 88 : 97.5 },
      { what: "points more than the dense network", value: ours - theirs, atLeast: 1 },
      {
        what: `the same with digits moved ${SHIFT} pixels`,
        value: oursMoved - theirsMoved,
        atLeast: 10,
      },
      {
        what: "weights of a dense layer for each one of the first convolution",
        value: sizes.everything / sizes.shared,
        atLeast: 60_000,
      },
      {
        what: "a moved digit convolved, less a convolved one moved",
        value: noGrad(() => difference(firstLayers(model, 1), image)),
        atMost: 1e-6,
      },
    ];
  },
};
