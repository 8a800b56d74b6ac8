/** Boxes of images brought to one size. */
import { fillWords } from "../bytes";
import { loadUpTo, storeUpTo } from "../sums";
import { splat } from "../simd/f32";
import { whole } from "./place";

/** How far the weights reach, in pixels of the source: they shrink with the image, so that none is left out. */
@inline
function reach(size: i32, count: i32, antialias: bool): f64 {
  return antialias ? max<f64>(1, <f64>size / <f64>count) : 1;
}


@inline
function middle(i: i32, size: i32, count: i32): f64 {
  return ((<f64>i + 0.5) * <f64>size) / <f64>count;
}


@inline
function firstTap(centre: f64, support: f64): i32 {
  return <i32>max<f64>(0, centre - support + 0.5);
}


@inline
function lastTap(centre: f64, support: f64, size: i32): i32 {
  return min(size, <i32>(centre + support + 0.5));
}

/** The triangle about `centre` at the middle of pixel i. */
@inline
function weight(i: i32, centre: f64, support: f64): f64 {
  return max<f64>(0, 1 - abs<f64>(<f64>i + 0.5 - centre) / support);
}

function weights(first: i32, last: i32, centre: f64, support: f64): f64 {
  let sum: f64 = 0;
  for (let i = first; i < last; i++) sum += weight(i, centre, support);
  return sum;
}

/**
 * Row: top, left, height, width, antialias. The box, which lies inside, as oh × ow by triangular weights (PyTorch's "bilinear", with
 * and without antialias): rows first, into `line` [w], then columns.
 */
export function resize(
  out: usize,
  x: usize,
  row: usize,
  line: usize,
  c: i32,
  h: i32,
  w: i32,
  oh: i32,
  ow: i32,
): void {
  const height = whole(row, 2);
  const width = whole(row, 3);
  const antialias = whole(row, 4) != 0;
  const tall = reach(height, oh, antialias);
  const wide = reach(width, ow, antialias);
  const stride = (<usize>w) << 2;
  x += (<usize>(whole(row, 0) * w + whole(row, 1))) << 2;
  for (let channel = 0; channel < c; channel++, x += stride * h) {
    for (let i = 0; i < oh; i++) {
      const y = middle(i, height, oh);
      const top = firstTap(y, tall);
      const bottom = lastTap(y, tall, height);
      const total = weights(top, bottom, y, tall);
      fillWords(line, 0, width);
      for (let tap = top; tap < bottom; tap++) {
        const from = x + stride * tap;
        const each = splat(<f32>(weight(tap, y, tall) / total));
        for (let j = 0; j < width; j += 4) {
          const at = (<usize>j) << 2;
          const sum = loadUpTo(line + at, width - j, each);
          const pixels = loadUpTo(from + at, width - j, each);
          storeUpTo(line + at, f32x4.add(sum, f32x4.mul(pixels, each)), width - j);
        }
      }
      for (let j = 0; j < ow; j++, out += 4) {
        const centre = middle(j, width, ow);
        const left = firstTap(centre, wide);
        const right = lastTap(centre, wide, width);
        let sum: f64 = 0;
        for (let tap = left; tap < right; tap++) {
          sum += <f64>load<f32>(line + ((<usize>tap) << 2)) * weight(tap, centre, wide);
        }
        store<f32>(out, <f32>(sum / weights(left, right, centre, wide)));
      }
    }
  }
}
