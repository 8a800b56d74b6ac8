import { FormatError, IndexOutOfRangeError, ShapeError, ValueError } from "../errors.ts";
import { div } from "../ops/arithmetic.ts";
import { to } from "../ops/cast.ts";
import { contiguous, permute } from "../ops/movement.ts";
import { tensor } from "../tensor/create.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Dataset, SampleRequest } from "./dataset.ts";
import { confine } from "./sample.ts";

/** A decoded image: height × width × channels, a byte each. */
export interface Pixels {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** How images become tensors. */
export interface ImageOptions {
  /** Pixels of a side, or height and width. Default: as the images are; those of a batch must then have one size. */
  readonly size?: number | readonly [height: number, width: number];
  /** What to do where the proportions differ: "cover" cuts off at both ends (default), "fill" distorts. */
  readonly fit?: "cover" | "fill";
  /** 3 for red, green and blue (default), 1 for grey. What is transparent becomes black. */
  readonly channels?: 1 | 3;
  /** "u8" (default), 0 to 255, or "f32", 0 to 1, at four times the memory. */
  readonly dtype?: "u8" | "f32";
}

/** What a decoder is told: the options, with nothing left open. */
export interface DecodeOptions {
  /** Height and width, or null for the image's own. */
  readonly size: readonly [height: number, width: number] | null;
  readonly fit: "cover" | "fill";
  readonly channels: 1 | 3;
}

/** An image that a dataset can give. */
export interface ImageItem {
  /** What errors call it. */
  readonly name: string;
  /** Position of its class. */
  readonly label: number;
  /** @throws FormatError the image is broken. */
  readonly decode: (options: DecodeOptions) => Promise<Pixels>;
}

/** Images that are decoded when they are asked for. A sample is the image, [channels, height, width], and its label, i32 []. */
export class ImageDataset implements Dataset<[image: Tensor, label: Tensor]> {
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** The class of each sample, as `split` takes it to stratify. */
  readonly labels: Int32Array;
  readonly #items: readonly ImageItem[];
  readonly #options: ImageOptions;
  readonly #how: DecodeOptions;

  /**
   * @throws IndexOutOfRangeError for a label that is no position of a class; ValueError for options that make no sense.
   * @example
   * new data.ImageDataset(names.map((name) => ({ name, label: 0, decode: () => decodeWithMyOwn(name) })), ["cat"]);
   */
  constructor(items: readonly ImageItem[], classes: readonly string[], options: ImageOptions = {}) {
    for (const { name, label } of items) {
      if (!Number.isInteger(label) || label < 0 || label >= classes.length) {
        throw new IndexOutOfRangeError(
          `ImageDataset: ${name} has label ${label}, outside [0, ${classes.length - 1}] (there are ${classes.length} classes)`,
        );
      }
    }
    this.classes = classes;
    this.labels = Int32Array.from(items, ({ label }) => label);
    this.#items = items;
    this.#options = options;
    this.#how = checked(options);
  }

  get length(): number {
    return this.#items.length;
  }

  /** What errors call a sample: the name of its file. */
  nameOf(index: number): string {
    return this.#at(index).name;
  }

  async get(index: number): Promise<[Tensor, Tensor]> {
    const { label, decode } = this.#at(index);
    const pixels = await decode(this.#how);
    return confine(() => {
      const { height, width, channels } = pixels;
      return [this.#tensor([pixels], [height, width, channels]), tensor(label, { dtype: "i32" })];
    });
  }

  async batch(indices: Int32Array, request?: SampleRequest): Promise<[Tensor, Tensor]> {
    const items = Array.from(indices, (index) => this.#at(index));
    const images = await Promise.all(
      items.map(async ({ decode }) => {
        request?.signal.throwIfAborted();
        return decode(this.#how);
      }),
    );
    const [first] = images as [Pixels];
    const { height, width, channels } = first;
    images.forEach((image, i) => {
      if (image.height !== height || image.width !== width || image.channels !== channels) {
        throw new ShapeError(
          `ImageDataset: ${items[i]?.name} is ${sizeText(image)}, ${items[0]?.name} ${sizeText(first)} (a batch needs one size: give the dataset a size)`,
        );
      }
    });
    return confine(() => [
      this.#tensor(images, [images.length, height, width, channels]),
      tensor(Int32Array.from(items, ({ label }) => label)),
    ]);
  }

  /**
   * Decodes every image once and leaves out those that are broken; what is wrong with them is told.
   * @example
   * const { dataset, broken } = await imageFolder("photos", { size: 64 }).withoutBroken();
   */
  async withoutBroken(): Promise<{ dataset: ImageDataset; broken: FormatError[] }> {
    const sound: ImageItem[] = [];
    const broken: FormatError[] = [];
    for (let start = 0; start < this.length; start += AT_ONCE) {
      const items = this.#items.slice(start, start + AT_ONCE);
      const results = await Promise.allSettled(items.map(({ decode }) => decode(this.#how)));
      results.forEach((result, i) => {
        if (result.status === "fulfilled") sound.push(items[i] as ImageItem);
        else if (result.reason instanceof FormatError) broken.push(result.reason);
        else throw result.reason;
      });
    }
    return { dataset: new ImageDataset(sound, this.classes, this.#options), broken };
  }

  /** Pixels with the channels in front of height and width. */
  #tensor(images: readonly Pixels[], shape: readonly number[]): Tensor {
    const size = images.reduce((sum, { data }) => sum + data.length, 0);
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const { data } of images) {
      bytes.set(data, at);
      at += data.length;
    }
    const last = shape.length - 1;
    const order = [...shape.keys()].slice(0, -3).concat([last, last - 2, last - 1]);
    const planes = contiguous(permute(tensor(bytes, { shape }), order));
    return this.#options.dtype === "f32" ? div(to(planes, "f32"), 255) : planes;
  }

  #at(index: number): ImageItem {
    const item = this.#items[index];
    if (item === undefined) {
      throw new IndexOutOfRangeError(`ImageDataset: index ${index} is outside [0, ${this.length - 1}]`);
    }
    return item;
  }
}

/** Images that are decoded at the same time. */
const AT_ONCE = 16;

const sizeText = ({ height, width, channels }: Pixels): string => `${height}×${width}×${channels}`;

function checked({ size, fit = "cover", channels = 3, dtype = "u8" }: ImageOptions): DecodeOptions {
  const sides = size === undefined ? null : typeof size === "number" ? ([size, size] as const) : size;
  if (sides !== null && !sides.every((side) => Number.isInteger(side) && side > 0)) {
    throw new ValueError(`ImageDataset: size must be whole numbers above 0, got ${sides.join(" and ")}`);
  }
  const oneOf = (name: string, value: unknown, values: readonly unknown[]): void => {
    if (!values.includes(value)) {
      throw new ValueError(`ImageDataset: ${name} must be ${values.join(" or ")}, got ${String(value)}`);
    }
  };
  oneOf("fit", fit, ["cover", "fill"]);
  oneOf("channels", channels, [1, 3]);
  oneOf("dtype", dtype, ["u8", "f32"]);
  return { size: sides, fit, channels };
}
