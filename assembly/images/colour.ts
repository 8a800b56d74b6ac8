/** Colours of images in [0, 1] as torchvision changes them. out may be x. */
import { mapLong } from "../loops";
import { splat } from "../simd/f32";
import { loadUpTo, storeUpTo, sumRun } from "../sums";

const RED: f32 = 0.2989;
const GREEN: f32 = 0.587;
const BLUE: f32 = 0.114;


@inline
export function clamped(v: v128): v128 {
  return f32x4.min(f32x4.max(v, splat(0)), splat(1));
}

/** x·p + q in [0, 1]. */
@final @unmanaged class Blend {

  @inline v(x: v128, p: v128, q: v128): v128 {
    return clamped(f32x4.add(f32x4.mul(x, p), q));
  }
}


@inline
export function brightness(out: usize, x: usize, factor: f32, n: i32): void {
  mapLong<Blend>(out, x, splat(factor), splat(0), n, 0, 1);
}

/** Away from the mean of the image in grey. */
export function contrast(out: usize, x: usize, factor: f32, c: i32, hw: i32): void {
  const plane = (<usize>hw) << 2;
  let mean = sumRun(x, hw);
  if (c == 3) {
    mean = <f64>RED * mean + <f64>GREEN * sumRun(x + plane, hw) + <f64>BLUE * sumRun(x + plane * 2, hw);
  }
  const rest = (<f32>1 - factor) * <f32>(mean / <f64>hw);
  mapLong<Blend>(out, x, splat(factor), splat(rest), c * hw, 0, 1);
}

/** Away from grey, of three channels. */
export function saturation(out: usize, x: usize, factor: f32, hw: i32): void {
  const plane = (<usize>hw) << 2;
  const p = splat(factor);
  for (let i = 0; i < hw; i += 4, x += 16, out += 16) {
    const r = loadUpTo(x, hw - i, p);
    const g = loadUpTo(x + plane, hw - i, p);
    const b = loadUpTo(x + plane * 2, hw - i, p);
    const light = f32x4.add(f32x4.mul(r, splat(RED)), f32x4.mul(g, splat(GREEN)));
    const rest = f32x4.mul(f32x4.add(light, f32x4.mul(b, splat(BLUE))), splat(1 - factor));
    storeUpTo(out, clamped(f32x4.add(f32x4.mul(r, p), rest)), hw - i);
    storeUpTo(out + plane, clamped(f32x4.add(f32x4.mul(g, p), rest)), hw - i);
    storeUpTo(out + plane * 2, clamped(f32x4.add(f32x4.mul(b, p), rest)), hw - i);
  }
}

/** The channel that stands `ahead` sixths behind red: v − span · min(k, 4 − k) within 0 … 1, for k = ahead + hue. */
@inline
function channelOf(hue: v128, ahead: f32, v: v128, span: v128): v128 {
  const turned = f32x4.add(hue, splat(ahead));
  const k = f32x4.sub(turned, v128.and(splat(6), f32x4.ge(turned, splat(6))));
  return f32x4.sub(v, f32x4.mul(span, clamped(f32x4.min(k, f32x4.sub(splat(4), k)))));
}

/** Turns the hue by `shift` of a circle, −½ … ½, with saturation and value as they are (A. R. Smith, "Color gamut transform pairs", 1978). */
export function hue(out: usize, x: usize, shift: f32, hw: i32): void {
  const plane = (<usize>hw) << 2;
  // From 6 on, so that the sum is positive.
  const ahead = splat(shift * 6 + 6);
  const zero = splat(0);
  for (let i = 0; i < hw; i += 4, x += 16, out += 16) {
    const r = loadUpTo(x, hw - i, zero);
    const g = loadUpTo(x + plane, hw - i, zero);
    const b = loadUpTo(x + plane * 2, hw - i, zero);
    const v = f32x4.max(r, f32x4.max(g, b));
    const span = f32x4.sub(v, f32x4.min(r, f32x4.min(g, b)));
    const isRed = f32x4.eq(v, r);
    const isGreen = f32x4.eq(v, g);
    const difference = v128.bitselect(
      f32x4.sub(g, b),
      v128.bitselect(f32x4.sub(b, r), f32x4.sub(r, g), isGreen),
      isRed,
    );
    const sector = v128.bitselect(zero, v128.bitselect(splat(2), splat(4), isGreen), isRed);
    // Grey has no hue: 0/0 becomes 0.
    const angle = v128.and(f32x4.div(difference, span), f32x4.gt(span, zero));
    const turned = f32x4.add(f32x4.add(sector, angle), ahead);
    const h = f32x4.sub(turned, f32x4.mul(splat(6), f32x4.floor(f32x4.mul(turned, splat(1 / <f32>6)))));
    storeUpTo(out, channelOf(h, 5, v, span), hw - i);
    storeUpTo(out + plane, channelOf(h, 3, v, span), hw - i);
    storeUpTo(out + plane * 2, channelOf(h, 1, v, span), hw - i);
  }
}
