/**
 * The core of a convolution and of its gradient for the input: one image, one group.
 *
 *   out[o][i] = Σₚ x(rows[i] + cols[p]) · w[p][o] (+ bias[o])
 *
 * where i is a pixel and p a channel and tap; an image's window is the sum of two byte offsets. Output channels are
 * taken eight at a time (a panel of packed weights), pixels by chunks, whose sums are formed in a strip
 * [pixel][8] that stays in L1 and is turned over to [channel][pixel] at the end.
 */
import { splat } from "../../simd/f32";
import { balanced, KC, NR } from "../gemm/blocking";
import { sweep, TILE_BYTES } from "../gemm/macro";
import { transpose } from "../gemm/pack";

/** Pixels of a strip. */
const CHUNK: i32 = 256;

/** Bytes of scratch that `correlate` takes. */
export const SCRATCH_BYTES: usize = TILE_BYTES + CHUNK * 32;

/**
 * Panels from … to−1 of a group of `channels` output channels, `outChannel` bytes apart. `out` is the group's first
 * channel, `weights` and `bias` (eight floats a panel; or 0) its panel 0. Pixel i goes to out + places[i], or to
 * out + 4·i if `places` is 0, and then nothing is below `floor`.
 */
export function correlate(
  out: usize,
  outChannel: usize,
  places: usize,
  x: usize,
  rows: usize,
  pixels: i32,
  cols: usize,
  k: i32,
  weights: usize,
  bias: usize,
  channels: i32,
  from: i32,
  to: i32,
  floor: f32,
  scratch: usize,
): void {
  const strip = scratch + TILE_BYTES;
  const chunk = balanced(pixels, CHUNK);
  const kc = balanced(k, KC);
  for (let i = 0; i < pixels; i += chunk) {
    const count = min(pixels - i, chunk);
    const offset = (<usize>i) << 2;
    for (let panel = from; panel < to; panel++) {
      let b = weights + ((<usize>panel * <usize>k) << 5);
      let p = 0;
      do {
        const depth = min(k - p, kc);
        const init: usize = p == 0 ? <usize>0 : strip;
        const initRow: usize = p == 0 ? 0 : 32;
        sweep(
          x,
          rows + offset,
          count,
          cols + ((<usize>p) << 2),
          depth,
          b,
          strip,
          32,
          NR,
          init,
          initRow,
          scratch,
        );
        b += (<usize>depth) << 5;
        p += kc;
      } while (p < k);
      const first = panel * NR;
      const target = out + <usize>first * outChannel;
      const width = min(channels - first, NR);
      if (places != 0) scatter(target, outChannel, places + offset, strip, count, width);
      else {
        const shift: usize = bias == 0 ? 0 : bias + ((<usize>panel) << 5);
        turn(target + offset, outChannel, strip, count, width, shift, floor);
      }
    }
  }
}

/** out[o][i] = strip[i][o] + bias[o], or `floor` where that is below it. */
function turn(
  out: usize,
  outChannel: usize,
  strip: usize,
  count: i32,
  width: i32,
  bias: usize,
  floor: f32,
): void {
  let quads = 0;
  if (width == NR) {
    quads = count >> 2;
    let b0 = splat(0);
    let b1 = b0;
    if (bias != 0) {
      b0 = v128.load(bias);
      b1 = v128.load(bias, 16);
    }
    const upper = out + (outChannel << 2);
    const least = splat(floor);
    for (let quad = 0; quad < quads; quad++) {
      const from = strip + ((<usize>quad) << 7);
      const at = (<usize>quad) << 4;
      turn4(out + at, outChannel, from, b0, least);
      turn4(upper + at, outChannel, from + 16, b1, least);
    }
  }
  for (let o = 0; o < width; o++) {
    const shift: f32 = bias == 0 ? 0 : load<f32>(bias + ((<usize>o) << 2));
    let from = strip + ((<usize>quads) << 7) + ((<usize>o) << 2);
    for (let i = quads << 2; i < count; i++) {
      const v = load<f32>(from) + shift;
      store<f32>(out + ((<usize>i) << 2), v < floor ? floor : v);
      from += 32;
    }
    out += outChannel;
  }
}


@inline
function turn4(to: usize, toRow: usize, from: usize, bias: v128, floor: v128): void {
  transpose(
    to,
    toRow,
    f32x4.pmax(f32x4.add(v128.load(from), bias), floor),
    f32x4.pmax(f32x4.add(v128.load(from, 32), bias), floor),
    f32x4.pmax(f32x4.add(v128.load(from, 64), bias), floor),
    f32x4.pmax(f32x4.add(v128.load(from, 96), bias), floor),
  );
}

/** out[places[i] + o·outChannel] = strip[i][o]. */
function scatter(out: usize, outChannel: usize, places: usize, strip: usize, count: i32, width: i32): void {
  const bytes = (<usize>width) << 2;
  for (let i = 0; i < count; i++) {
    let target = out + load<usize>(places + ((<usize>i) << 2));
    for (let at: usize = 0; at < bytes; at += 4) {
      store<u32>(target, load<u32>(strip + at));
      target += outChannel;
    }
    strip += 32;
  }
}
