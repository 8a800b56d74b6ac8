import { gridPng, type Picture } from "./pictures.ts";

/** A small picture with a line below it. */
export interface Captioned {
  readonly picture: Picture;
  readonly caption: string;
  /** Of the caption. Default black. */
  readonly colour?: string;
}

const FONT = 12;

/** Pictures of one size with captions, row by row, as an SVG document. `scale`: dots a side for each pixel. */
export function captionedSvg(
  items: readonly Captioned[],
  { columns, scale = 2 }: { columns: number; scale?: number },
): string {
  const { width = 0, height = 0 } = items[0]?.picture ?? {};
  const step = { x: width * scale + 8, y: height * scale + FONT + 12 };
  const cells = items.map(({ picture, caption, colour = "black" }, i) => {
    const [x, y] = [4 + (i % columns) * step.x, 4 + Math.floor(i / columns) * step.y];
    const png = Buffer.from(gridPng([picture], { columns: 1 })).toString("base64");
    const size = `width="${width * scale}" height="${height * scale}"`;
    return (
      `<image x="${x}" y="${y}" ${size} href="data:image/png;base64,${png}"/>` +
      `<text x="${x + (width * scale) / 2}" y="${y + height * scale + FONT}" fill="${colour}">${caption}</text>`
    );
  });
  const size = { x: columns * step.x, y: Math.ceil(items.length / columns) * step.y };
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.x}" height="${size.y}" viewBox="0 0 ${size.x} ${size.y}" ` +
    `font-family="sans-serif" font-size="${FONT}" text-anchor="middle" image-rendering="pixelated">` +
    `<rect width="100%" height="100%" fill="white"/>${cells.join("\n")}</svg>\n`
  );
}
