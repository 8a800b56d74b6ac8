/** Tones of images in [0, 1], one plane or one pixel at a time, as torchvision changes them. out may be x but where it says otherwise. */
import { mapLong } from "../loops";
import { splat } from "../simd/f32";
import { loadUpTo, storeUpTo } from "../sums";
import { clamped } from "./colour";


@final @unmanaged class Solarize {

  @inline v(x: v128, threshold: v128, unused: v128): v128 {
    return v128.bitselect(f32x4.sub(splat(1), x), x, f32x4.ge(x, threshold));
  }
}

/** 1 − x from the threshold on. */
@inline
export function solarize(out: usize, x: usize, threshold: f32, n: i32): void {
  mapLong<Solarize>(out, x, splat(threshold), splat(0), n, 0, 1);
}


@final @unmanaged class Posterize {

  @inline v(x: v128, levels: v128, last: v128): v128 {
    const level = f32x4.floor(f32x4.mul(x, levels));
    return f32x4.div(f32x4.min(f32x4.max(level, splat(0)), last), levels);
  }
}

/** Rounded down to so many levels. */
@inline
export function posterize(out: usize, x: usize, levels: f32, n: i32): void {
  mapLong<Posterize>(out, x, splat(levels), splat(levels - 1), n, 0, 1);
}


@final @unmanaged class Stretch {

  @inline v(x: v128, low: v128, span: v128): v128 {
    return clamped(f32x4.div(f32x4.sub(x, low), span));
  }
}

/** Each plane from its least value to its greatest stretched over [0, 1]; one of a single value stays as it is. */
export function autocontrast(out: usize, x: usize, c: i32, hw: i32): void {
  const plane = (<usize>hw) << 2;
  for (let channel = 0; channel < c; channel++, x += plane, out += plane) {
    const one = v128.load32_splat(x);
    let low = one;
    let high = one;
    for (let i = 0; i < hw; i += 4) {
      const v = loadUpTo(x + ((<usize>i) << 2), hw - i, one);
      low = f32x4.min(low, v);
      high = f32x4.max(high, v);
    }
    low = f32x4.min(low, v128.shuffle<f32>(low, low, 2, 3, 0, 1));
    low = f32x4.min(low, v128.shuffle<f32>(low, low, 1, 0, 3, 2));
    high = f32x4.max(high, v128.shuffle<f32>(high, high, 2, 3, 0, 1));
    high = f32x4.max(high, v128.shuffle<f32>(high, high, 1, 0, 3, 2));
    const flat = f32x4.eq(low, high);
    mapLong<Stretch>(
      out,
      x,
      v128.andnot(low, flat),
      v128.bitselect(splat(1), f32x4.sub(high, low), flat),
      hw,
      0,
      1,
    );
  }
}


@inline
function level(x: f32): usize {
  // NaN goes to the lowest.
  return x > 0 ? (<usize>(min<f32>(x, 1) * <f32>255.999)) << 2 : 0;
}

/** Each plane in 256 levels, spread so that they occur about equally often. `counts` has room for 256 numbers. */
export function equalize(out: usize, x: usize, counts: usize, c: i32, hw: i32): void {
  const plane = (<usize>hw) << 2;
  for (let channel = 0; channel < c; channel++, x += plane, out += plane) {
    memory.fill(counts, 0, 1024);
    for (let i: usize = 0; i < plane; i += 4) {
      const to = counts + level(load<f32>(x + i));
      store<i32>(to, load<i32>(to) + 1);
    }
    let top: usize = 1020;
    while (load<i32>(counts + top) == 0) top -= 4;
    const step = (hw - load<i32>(counts + top)) / 255;
    if (step == 0) {
      memory.copy(out, x, plane);
      continue;
    }
    let below = step / 2;
    for (let at: usize = 0; at < 1024; at += 4) {
      const here = load<i32>(counts + at);
      store<f32>(counts + at, <f32>min(255, below / step) / 255);
      below += here;
    }
    for (let i: usize = 0; i < plane; i += 4)
      store<f32>(out + i, load<f32>(counts + level(load<f32>(x + i))));
  }
}

/** Away from the image smoothed by [1 1 1, 1 5 1, 1 1 1] / 13; the border stays as it is. out is not x. */
export function sharpen(out: usize, x: usize, factor: f32, c: i32, h: i32, w: i32): void {
  const plane = (<usize>(h * w)) << 2;
  memory.copy(out, x, plane * c);
  const stride = (<usize>w) << 2;
  const p = splat(factor);
  const rest = splat((1 - factor) / 13);
  for (let channel = 0; channel < c; channel++, x += plane, out += plane) {
    for (let i = 1; i < h - 1; i++) {
      for (let j = 1; j < w - 1; j += 4) {
        const left = w - 1 - j;
        const at = stride * i + ((<usize>j) << 2);
        const centre = loadUpTo(x + at, left, p);
        let sum = f32x4.mul(centre, splat(4));
        for (let from = x + at - stride; from <= x + at + stride; from += stride) {
          sum = f32x4.add(sum, loadUpTo(from, left, p));
          sum = f32x4.add(sum, f32x4.add(loadUpTo(from - 4, left, p), loadUpTo(from + 4, left, p)));
        }
        storeUpTo(out + at, clamped(f32x4.add(f32x4.mul(centre, p), f32x4.mul(sum, rest))), left);
      }
    }
  }
}
