import { PNG } from "pngjs";

/** Each 0…255. */
export type Colour = readonly [red: number, green: number, blue: number];

const WHITE: Colour = [255, 255, 255];
/** Light enough for a frame around ink on white paper. */
export const FRAME: Colour = [216, 216, 216];

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
  /** Colour of what is between them. Default white. */
  readonly between?: Colour;
}

/** Pictures of one size side by side, row by row, as a PNG file. */
export function gridPng(
  pictures: readonly Picture[],
  { columns, scale = 1, gap = 2, between = WHITE }: GridOptions,
): Uint8Array {
  const { width = 0, height = 0 } = pictures[0] ?? {};
  const rows = Math.ceil(pictures.length / columns);
  const step = { x: width * scale + gap, y: height * scale + gap };
  const png = new PNG({ width: columns * step.x - gap, height: rows * step.y - gap });
  for (let i = 0; i < png.width * png.height; i++) png.data.set([...between, 255], 4 * i);
  pictures.forEach(({ colours }, i) => {
    const left = (i % columns) * step.x;
    const top = Math.floor(i / columns) * step.y;
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const colour = colours[Math.floor(y / scale) * width + Math.floor(x / scale)] ?? WHITE;
        png.data.set(colour, 4 * ((top + y) * png.width + left + x));
      }
    }
  });
  const isGrey = [[between], ...pictures.map(({ colours }) => colours)].every((colours) =>
    colours.every(([r, g, b]) => r === g && g === b),
  );
  return PNG.sync.write(png, { colorType: isGrey ? 0 : 2, deflateLevel: 9 });
}

/** White at 0, orange above, blue below; full at 1 and −1. */
export function signed(value: number): Colour {
  const [r, g, b] = value >= 0 ? [0xe0, 0x6c, 0x1f] : [0x2f, 0x7f, 0xd1];
  const share = Math.min(1, Math.abs(value));
  const mix = (part: number): number => Math.round(255 - share * (255 - part));
  return [mix(r), mix(g), mix(b)];
}

/** The picture with `times` × `times` pixels for each of its own. */
export function enlarge({ width, height, colours }: Picture, times: number): Picture {
  const wide = width * times;
  const pixel = (_: unknown, i: number): Colour =>
    colours[Math.floor(i / wide / times) * width + Math.floor((i % wide) / times)] ?? WHITE;
  return {
    width: wide,
    height: height * times,
    colours: Array.from({ length: wide * height * times }, pixel),
  };
}
