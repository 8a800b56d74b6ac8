import { FormatError, PlatformError, ValueError } from "../errors.ts";
import { ImageDataset, type DecodeOptions, type ImageOptions, type Pixels } from "./images.ts";

/**
 * A dataset of files or blobs in a page or its workers, decoded by the browser whenever they are asked for.
 * @param labels positions in `classes`, one an image.
 * @throws FormatError at the image that is broken, named by its file or position; PlatformError in hosts that decode no images (Node:
 * `imageFolder` of simdgrad/node); IndexOutOfRangeError for labels that are no class.
 * @example
 * const dataset = data.imageDataset([...input.files], labels, ["cat", "dog"], { size: 64 });
 */
export function imageDataset(
  images: readonly Blob[],
  labels: ArrayLike<number>,
  classes: readonly string[],
  options: ImageOptions = {},
): ImageDataset {
  if (typeof createImageBitmap === "undefined" || typeof OffscreenCanvas === "undefined") {
    throw new PlatformError(
      "imageDataset: this host does not decode images (in Node there is imageFolder of simdgrad/node)",
    );
  }
  if (labels.length !== images.length) {
    throw new ValueError(`imageDataset: ${labels.length} labels for ${images.length} images (one an image)`);
  }
  const items = images.map((image, i) => {
    const name = "name" in image ? String(image.name) : `image ${i}`;
    return { name, label: labels[i] as number, decode: (how: DecodeOptions) => decode(image, name, how) };
  });
  return new ImageDataset(items, classes, options);
}

async function decode(image: Blob, name: string, { size, fit, channels }: DecodeOptions): Promise<Pixels> {
  const bitmap = await createImageBitmap(image).catch((error: unknown) => {
    throw new FormatError(
      `imageDataset: cannot decode ${name}: ${String(error)} (mend it, or use withoutBroken())`,
    );
  });
  try {
    const [height, width] = size ?? [bitmap.height, bitmap.width];
    // Without an alpha channel the canvas starts black.
    const context = new OffscreenCanvas(width, height).getContext("2d", { alpha: false });
    if (context === null)
      throw new PlatformError("imageDataset: the host gives no canvas to decode images on");
    context.imageSmoothingQuality = "high";
    const grow = Math.max(width / bitmap.width, height / bitmap.height);
    const [w, h] = fit === "fill" ? [width, height] : [bitmap.width * grow, bitmap.height * grow];
    context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
    const { data } = context.getImageData(0, 0, width, height);
    return { data: withChannels(data, channels), height, width, channels };
  } finally {
    bitmap.close();
  }
}

/** Of red, green, blue and alpha. Grey is the luma of ITU-R BT.601, in whole numbers. */
function withChannels(rgba: Uint8ClampedArray, channels: 1 | 3): Uint8Array {
  const pixels = rgba.length / 4;
  const out = new Uint8Array(pixels * channels);
  for (let i = 0, from = 0, at = 0; i < pixels; i++, from += 4) {
    const red = rgba[from] as number;
    const green = rgba[from + 1] as number;
    const blue = rgba[from + 2] as number;
    if (channels === 1) out[at++] = (299 * red + 587 * green + 114 * blue + 500) / 1000;
    else {
      out[at++] = red;
      out[at++] = green;
      out[at++] = blue;
    }
  }
  return out;
}
