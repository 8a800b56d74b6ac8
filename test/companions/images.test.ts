import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Worker } from "node:worker_threads";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { imageFolder } from "../../src/companions/node.ts";
import {
  data,
  FormatError,
  IndexOutOfRangeError,
  memory,
  PlatformError,
  ShapeError,
  ValueError,
  type Tensor,
} from "../../src/index.ts";
import { bundle } from "../data/workers/bundle.ts";

afterEach(() => expect(memory().live).toBe(0));

const root = mkdtempSync(join(tmpdir(), "simdgrad-images-"));

type Colour = readonly [red: number, green: number, blue: number, alpha?: number];

/** An image whose left half has one colour, and its right half another. */
async function paint(
  path: string,
  width: number,
  height: number,
  left: Colour,
  right: Colour,
): Promise<void> {
  const channels = left.length === 4 ? 4 : 3;
  const pixels = Array.from({ length: height * width }, (_, i) =>
    i % width < width / 2 ? left : right,
  ).flat();
  mkdirSync(dirname(path), { recursive: true });
  await sharp(Uint8Array.from(pixels as number[]), { raw: { width, height, channels } }).toFile(path);
}

const RED = [255, 0, 0] as const;
const BLUE = [0, 0, 255] as const;

beforeAll(async () => {
  await paint(join(root, "pets/dog/b.png"), 4, 2, RED, BLUE);
  await paint(join(root, "pets/dog/deep/a.PNG"), 4, 2, BLUE, BLUE);
  await paint(join(root, "pets/cat/10.png"), 4, 2, [200, 200, 200], [200, 200, 200]);
  await paint(join(root, "pets/cat/9.webp"), 8, 4, [0, 0, 0], [255, 255, 255]);
  writeFileSync(join(root, "pets/cat/notes.txt"), "no image");
  writeFileSync(join(root, "pets/README"), "no class");
  mkdirSync(join(root, "pets/.cache"));
  await paint(join(root, "clear/x/a.png"), 2, 2, [255, 255, 255, 0], [255, 255, 255, 255]);
  await paint(join(root, "broken/x/a.png"), 64, 64, RED, BLUE);
  await paint(join(root, "broken/x/b.png"), 64, 64, RED, BLUE);
  await paint(join(root, "broken/y/c.jpg"), 640, 640, RED, BLUE);
  truncateSync(join(root, "broken/x/b.png"), 90);
  truncateSync(join(root, "broken/y/c.jpg"), readFileSync(join(root, "broken/y/c.jpg")).length / 2);
  mkdirSync(join(root, "empty/x"), { recursive: true });
});
afterAll(() => rmSync(root, { recursive: true }));

async function all(
  dataset: data.Dataset<[Tensor, Tensor]>,
  batchSize: number,
  prefetch = 0,
): Promise<unknown[]> {
  const seen: unknown[] = [];
  for await (const [x, y] of new data.DataLoader(dataset, { batchSize, prefetch }))
    seen.push([x.dtype, x.toArray(), y.dtype, y.toArray()]);
  return seen;
}

describe("imageFolder", () => {
  it("finds a class a folder and the images below, sorted", () => {
    const dataset = imageFolder(join(root, "pets"));
    expect(dataset.classes).toEqual(["cat", "dog"]);
    expect(Array.from({ length: dataset.length }, (_, i) => dataset.nameOf(i))).toEqual(
      ["cat/10.png", "cat/9.webp", "dog/b.png", "dog/deep/a.PNG"].map((name) => join(root, "pets", name)),
    );
    expect(dataset.labels).toEqual(Int32Array.of(0, 0, 1, 1));
    expect(imageFolder(join(root, "pets"), { extensions: [".png"] }).length).toBe(3);
  });

  it("gives channels, height and width, and the label", async () => {
    const dataset = new data.Subset(imageFolder(join(root, "pets")), [2, 3]);
    const off = [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ];
    const red = [
      [255, 255, 0, 0],
      [255, 255, 0, 0],
    ];
    const blue = [
      [0, 0, 255, 255],
      [0, 0, 255, 255],
    ];
    const on = [
      [255, 255, 255, 255],
      [255, 255, 255, 255],
    ];
    expect(await all(dataset, 2)).toEqual([
      [
        "u8",
        [
          [red, off, blue],
          [off, off, on],
        ],
        "i32",
        [1, 1],
      ],
    ]);
    const [x, y] = await dataset.get(0);
    expect([x.toArray(), y.toArray()]).toEqual([[red, off, blue], 1]);
    for (const t of [x, y]) t.dispose();
  });

  it("resizes, cutting off or distorting, to grey, and to numbers from 0 to 1", async () => {
    const options = { size: 2, channels: 1, dtype: "f32" } as const;
    const one = (fit: "cover" | "fill"): data.Dataset<[Tensor, Tensor]> =>
      new data.Subset(imageFolder(join(root, "pets"), { ...options, fit }), [1]);
    for (const fit of ["cover", "fill"] as const) {
      const [[dtype, x]] = (await all(one(fit), 1)) as [[string, number[][][][]]];
      const rows = (x as [[number[][]]])[0][0];
      expect([dtype, rows.length, rows[0]?.length]).toEqual(["f32", 2, 2]);
      for (const row of rows) {
        const [left = NaN, right = NaN] = row;
        expect([left < 0.1, right > 0.9]).toEqual([true, true]);
      }
    }
    const wide = imageFolder(join(root, "pets"), { size: [2, 6] });
    for await (const [x] of new data.DataLoader(wide, { batchSize: 4, prefetch: 1 }))
      expect(x.shape).toEqual([4, 3, 2, 6]);
  });

  it("makes black of what is transparent", async () => {
    const row = [0, 255];
    const plane = [row, row];
    expect(await all(imageFolder(join(root, "clear")), 1)).toEqual([
      ["u8", [[plane, plane, plane]], "i32", [0]],
    ]);
  });

  it("names the images of a batch that differ in size", async () => {
    const run = all(imageFolder(join(root, "pets")), 2);
    await expect(run).rejects.toThrow(ShapeError);
    await expect(run).rejects.toThrow(
      /cat\/9.webp is 4×8×3, .*cat\/10.png 2×4×3 \(a batch needs one size: give the dataset a size\)/,
    );
  });

  it("names the image that is broken, or leaves it out", async () => {
    const dataset = imageFolder(join(root, "broken"), { size: 8 });
    for (const name of ["b.png", "c.jpg"]) {
      const index = [0, 1, 2].find((i) => dataset.nameOf(i).endsWith(name)) as number;
      const run = dataset.get(index);
      await expect(run).rejects.toThrow(FormatError);
      await expect(run).rejects.toThrow(`imageFolder: cannot decode ${dataset.nameOf(index)}: `);
      await expect(run).rejects.toThrow("(mend or remove it, or use withoutBroken())");
    }
    await expect(all(dataset, 3, 1)).rejects.toThrow(FormatError);
    const { dataset: sound, broken } = await dataset.withoutBroken();
    expect(broken.map(({ message }) => /[abc]\.\w+/.exec(message)?.[0])).toEqual(["b.png", "c.jpg"]);
    expect([sound.length, sound.classes]).toEqual([1, ["x", "y"]]);
    for await (const [x] of new data.DataLoader(sound)) expect(x.shape).toEqual([1, 3, 8, 8]);
  });

  it.each<[string, string, object, string]>([
    ["no folder", "nowhere", {}, "imageFolder: cannot read"],
    ["a folder without classes", "pets/dog/deep", {}, "imageFolder: no classes"],
    ["a class without images", "empty", {}, "imageFolder: no images"],
    [
      "half a pixel",
      "pets",
      { size: 0.5 },
      "ImageDataset: size must be whole numbers above 0, got 0.5 and 0.5",
    ],
    ["two channels", "pets", { channels: 2 }, "ImageDataset: channels must be 1 or 3, got 2"],
    ["another dtype", "pets", { dtype: "i32" }, "ImageDataset: dtype must be u8 or f32, got i32"],
    ["another fit", "pets", { fit: "stretch" }, "ImageDataset: fit must be cover or fill, got stretch"],
  ])("refuses %s", (_, folder, options, message) => {
    expect(() => imageFolder(join(root, folder), options)).toThrow(ValueError);
    expect(() => imageFolder(join(root, folder), options)).toThrow(message);
  });

  it("works in workers, who name the broken image", async () => {
    const file = await bundle("folder.worker");
    const open = (path: string): Promise<data.WorkerDataset<[Tensor, Tensor]>> =>
      data.WorkerDataset.open([0, 1].map(() => new Worker(file, { workerData: join(root, path) })));
    const served = await open("pets");
    const here = await all(imageFolder(join(root, "pets"), { size: 4 }), 1, 2);
    expect(await all(served, 1, 2)).toEqual(here);
    served.close();
    const broken = await open("broken");
    await expect(all(broken, 2)).rejects.toThrow(
      /worker 0 failed .* FormatError: imageFolder: cannot decode .*b\.png/,
    );
    broken.close();
  });
});

describe("ImageDataset", () => {
  const item = (label: number): data.ImageItem => ({
    name: `${label}.png`,
    label,
    decode: () => Promise.resolve({ data: new Uint8Array(3), height: 1, width: 1, channels: 3 }),
  });

  it("refuses labels that are no class, and samples that are not there", async () => {
    expect(() => new data.ImageDataset([item(0), item(2)], ["a", "b"])).toThrow(IndexOutOfRangeError);
    expect(() => new data.ImageDataset([item(0), item(2)], ["a", "b"])).toThrow(
      "ImageDataset: 2.png has label 2, outside [0, 1] (there are 2 classes)",
    );
    await expect(new data.ImageDataset([item(0)], ["a"]).get(1)).rejects.toThrow(
      "ImageDataset: index 1 is outside [0, 0]",
    );
  });

  it("decodes blobs where the host can", () => {
    expect(() => data.imageDataset([new Blob([])], [0], ["a"])).toThrow(PlatformError);
  });
});
