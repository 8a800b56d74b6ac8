import { readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import type { Sharp, SharpOptions } from "sharp";
import { data, FormatError, PlatformError, ValueError } from "../../index.ts";

export interface ImageFolderOptions extends data.ImageOptions {
  /** Files that are images, by the ends of their names. Default .jpg, .jpeg, .png, .webp, .gif, .avif, .tif and .tiff. */
  readonly extensions?: readonly string[];
}

const EXTENSIONS = [".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".tif", ".tiff"];

/**
 * A dataset of a folder of images as torchvision's ImageFolder has it: a folder a class, sorted by name, with images at any depth. They
 * are decoded (by sharp) whenever they are asked for; in a worker as well.
 * @throws {ValueError} there is no such folder, or a class without images. {FormatError} at the image that is broken; names the file.
 * {PlatformError} sharp is not installed.
 * @example
 * const dataset = imageFolder("pets", { size: 64 }); // pets/cat/1.jpg, pets/dog/1.jpg …
 * const loader = new data.DataLoader(dataset, { batchSize: 32, shuffle: true, prefetch: 2 });
 */
export function imageFolder(path: string, options: ImageFolderOptions = {}): data.ImageDataset {
  const { extensions = EXTENSIONS } = options;
  const classes = namesIn(path, path).filter((name) => statSync(join(path, name)).isDirectory());
  if (classes.length === 0) {
    throw new ValueError(`imageFolder: no classes, ${path} (it needs a folder a class: ${path}/cat/1.jpg)`);
  }
  const items = classes.flatMap((name, label) => {
    const files = filesBelow(join(path, name), path).filter((file) =>
      extensions.includes(extname(file).toLowerCase()),
    );
    if (files.length === 0) {
      throw new ValueError(`imageFolder: no images, ${join(path, name)} (of ${extensions.join(", ")})`);
    }
    return files.map((file) => ({
      name: file,
      label,
      decode: (how: data.DecodeOptions) => decode(file, how),
    }));
  });
  return new data.ImageDataset(items, classes, options);
}

/** Sorted by characters, as on every system; without what systems hide. */
function namesIn(folder: string, root: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => !name.startsWith("."))
      .sort();
  } catch (error) {
    throw new ValueError(
      `imageFolder: cannot read ${folder}: ${messageOf(error)} (is ${root} the right folder?)`,
    );
  }
}

function filesBelow(folder: string, root: string): string[] {
  return namesIn(folder, root).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path, root) : [path];
  });
}

async function decode(file: string, { size, fit, channels }: data.DecodeOptions): Promise<data.Pixels> {
  const sharp = await loadSharp();
  try {
    // Turned as the camera says and without transparency, as browsers do it.
    let image = sharp(file).autoOrient().flatten({ background: "#000" });
    if (size !== null) image = image.resize({ height: size[0], width: size[1], fit });
    image = image.toColourspace(channels === 1 ? "b-w" : "srgb");
    const { data: pixels, info } = await image.raw({ depth: "uchar" }).toBuffer({ resolveWithObject: true });
    return { data: pixels, height: info.height, width: info.width, channels: info.channels };
  } catch (error) {
    throw new FormatError(
      `imageFolder: cannot decode ${file}: ${messageOf(error)} (mend or remove it, or use withoutBroken())`,
    );
  }
}

let loading: Promise<(file: string, options?: SharpOptions) => Sharp> | undefined;

function loadSharp(): Promise<(file: string, options?: SharpOptions) => Sharp> {
  return (loading ??= import("sharp").then(
    (module) => module.default,
    (error: unknown) => {
      throw new PlatformError(
        `imageFolder: sharp decodes the images and cannot be loaded: ${messageOf(error)} (npm install sharp)`,
      );
    },
  ));
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
