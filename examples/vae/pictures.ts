import { arange, cat, lerp, noGrad, randn, type Tensor } from "simdgrad";
import { SIDE } from "../mnist/digits.ts";
import { gridPng, paint } from "../shared/pictures.ts";
import { LATENT, type Vae } from "./network.ts";

/** Digits [n, AREA]. */
function grid(pixels: Tensor, columns: number): Uint8Array {
  const digits = pixels.split(1).map((digit) => paint(digit.data, SIDE));
  return gridPng(digits, { columns });
}

/** Digits that nobody wrote: codes drawn at random, decoded. */
export const invented = (model: Vae, rows: number, columns: number): Uint8Array =>
  grid(
    noGrad(() => model.decode(randn([rows * columns, LATENT])).sigmoid()),
    columns,
  );

/** Digits [n, AREA] in the first row, what comes back from their codes in the second. */
export const returned = (model: Vae, ink: Tensor): Uint8Array =>
  grid(
    noGrad(() => cat([ink, model.decode(model.encode(ink).mean).sigmoid()])),
    ink.shape[0] ?? 0,
  );

/** From each digit of the first half of [2n, AREA] to one of the second, a row each, along the straight line between their codes. */
export const between = (model: Vae, ink: Tensor, columns: number): Uint8Array =>
  grid(
    noGrad(() => {
      const [from, to] = model.encode(ink).mean.unsqueeze(1).chunk(2) as [Tensor, Tensor];
      const share = arange(columns).div(columns - 1);
      const codes = lerp(from, to, share.unsqueeze(1)); // [n, columns, LATENT]
      return model.decode(codes).sigmoid().flatten({ endDim: 1 });
    }),
    columns,
  );
