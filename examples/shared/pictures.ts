import { PNG } from "pngjs";

/** Each 0…255. */
export type Colour = readonly [red: number, green: number, blue: number];

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Row by row. */
  readonly colours: readonly Colour[];
}

/** A picture of numbers, each in the colour that stands for it. */
export function paint(
  values: ArrayLike<number>,
  width: number,
  colourOf: (value: number) => Colour = ink,
): Picture {
  return { width, height: values.length / width, colours: Array.from(values, colourOf) };
}

/** 0 is white paper, 1 is black ink. */
export function ink(value: number): Colour {
  const grey = Math.round(255 * (1 - Math.min(1, Math.max(0, value))));
  return [grey, grey, grey];
}

export interface GridOptions {
  readonly columns: number;
  /** Dots a side for each pixel. Default 1. */
  readonly scale?: number;
  /** Dots between pictures. Default 2. */
  readonly gap?: number;
}

/** Pictures of one size side by side, row by row, as a PNG file. */
export function gridPng(
  pictures: readonly Picture[],
  { columns, scale = 1, gap = 2 }: GridOptions,
): Uint8Array {
  const { width = 0, height = 0 } = pictures[0] ?? {};
  const rows = Math.ceil(pictures.length / columns);
  const step = { x: width * scale + gap, y: height * scale + gap };
  const png = new PNG({ width: columns * step.x - gap, height: rows * step.y - gap });
  png.data.fill(255);
  pictures.forEach(({ colours }, i) => {
    const left = (i % columns) * step.x;
    const top = Math.floor(i / columns) * step.y;
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const colour = colours[Math.floor(y / scale) * width + Math.floor(x / scale)] ?? [255, 255, 255];
        png.data.set(colour, 4 * ((top + y) * png.width + left + x));
      }
    }
  });
  const isGrey = pictures.every(({ colours }) => colours.every(([r, g, b]) => r === g && g === b));
  return PNG.sync.write(png, { colorType: isGrey ? 0 : 2, deflateLevel: 9 });
}
