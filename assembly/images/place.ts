/** Moving pixels about without changing them: crops, flips, borders, boxes. All are of planes of 32-bit numbers. */
import { copyBytes, fillWords } from "../bytes";

/** Number `index` of a row of a table. */
@inline
export function argument(row: usize, index: i32): f32 {
  return load<f32>(row + ((<usize>index) << 2));
}


@inline
export function whole(row: usize, index: i32): i32 {
  return <i32>argument(row, index);
}

/** out[i] = x[n − 1 − i]. */
function copyReversed(out: usize, x: usize, n: i32): void {
  const end = out + ((<usize>n) << 2);
  x += (<usize>n) << 2;
  for (; out + 16 <= end; out += 16) {
    x -= 16;
    const v = v128.load(x);
    v128.store(out, v128.shuffle<i32>(v, v, 3, 2, 1, 0));
  }
  for (; out < end; out += 4) {
    x -= 4;
    store<i32>(out, load<i32>(x));
  }
}

/** Row: top, left, flip across, flip down, fill. The box of oh × ow at (top, left), which may reach outside, then flipped. */
export function crop(out: usize, x: usize, row: usize, c: i32, h: i32, w: i32, oh: i32, ow: i32): void {
  const top = whole(row, 0);
  const left = whole(row, 1);
  const across = whole(row, 2) != 0;
  const down = whole(row, 3) != 0;
  const fill = reinterpret<i32>(argument(row, 4));
  // Columns first … last − 1 of the result lie inside.
  const low = across ? left + ow - w : -left;
  const first = min(ow, max(0, low));
  const last = max(first, min(ow, low + w));
  const from = across ? left + ow - last : left + first;
  for (let channel = 0; channel < c; channel++, x += (<usize>(h * w)) << 2) {
    for (let y = 0; y < oh; y++, out += (<usize>ow) << 2) {
      const source = top + (down ? oh - 1 - y : y);
      if (<u32>source >= <u32>h) {
        fillWords(out, fill, ow);
        continue;
      }
      const pixels = x + ((<usize>(source * w + from)) << 2);
      const to = out + ((<usize>first) << 2);
      fillWords(out, fill, first);
      if (across) copyReversed(to, pixels, last - first);
      else copyBytes(to, pixels, (<usize>(last - first)) << 2);
      fillWords(out + ((<usize>last) << 2), fill, ow - last);
    }
  }
}

/** Row: top, left, height, width, value. The box, which lies inside, becomes the value. */
export function erase(out: usize, row: usize, c: i32, h: i32, w: i32): void {
  const at = (<usize>(whole(row, 0) * w + whole(row, 1))) << 2;
  for (let channel = 0; channel < c; channel++, out += (<usize>(h * w)) << 2) {
    let to = out + at;
    for (let y = whole(row, 2); y > 0; y--, to += (<usize>w) << 2) {
      fillWords(to, reinterpret<i32>(argument(row, 4)), whole(row, 3));
    }
  }
}

/** Row: top, left, height, width. The box, which lies inside, becomes that of `other`. */
export function paste(out: usize, other: usize, row: usize, c: i32, h: i32, w: i32): void {
  const at = (<usize>(whole(row, 0) * w + whole(row, 1))) << 2;
  for (let channel = 0; channel < c; channel++) {
    const plane = (<usize>(channel * h) * w) << 2;
    let offset = plane + at;
    for (let y = whole(row, 2); y > 0; y--, offset += (<usize>w) << 2) {
      copyBytes(out + offset, other + offset, (<usize>whole(row, 3)) << 2);
    }
  }
}
