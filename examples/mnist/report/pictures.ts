import { PNG } from "pngjs";

/** A colour with its opacity, each 0…255. */
type Colour = readonly [red: number, green: number, blue: number, opacity: number];

const POSITIVE = [0xe0, 0x6c, 0x1f] as const;
const NEGATIVE = [0x2f, 0x7f, 0xd1] as const;

function picture(width: number, values: ArrayLike<number>, colourOf: (value: number) => Colour): string {
  const png = new PNG({ width, height: values.length / width });
  for (let i = 0; i < values.length; i++) png.data.set(colourOf(values[i] ?? 0), 4 * i);
  return `data:image/png;base64,${PNG.sync.write(png, { deflateLevel: 9 }).toString("base64")}`;
}

/**
 * Ink on transparent paper, which the page inverts in the dark: a data URI.
 * @param most the value of full ink; values below 0 leave no ink.
 */
export function inkPicture(width: number, values: ArrayLike<number>, most: number): string {
  const opacity = most > 0 ? 255 / most : 0;
  return picture(width, values, (value) => [
    0,
    0,
    0,
    Math.round(Math.min(255, Math.max(0, value) * opacity)),
  ]);
}

/** Orange above 0, blue below: a data URI. */
export function signedPicture(width: number, values: ArrayLike<number>, most: number): string {
  return picture(width, values, (value) => [
    ...(value >= 0 ? POSITIVE : NEGATIVE),
    Math.round(Math.min(1, Math.abs(value) / (most || 1)) * 255),
  ]);
}
