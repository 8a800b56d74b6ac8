/**
 * Augmentation of batches of images f32 [n, c, h, w]: each sample has operations of its own, so that what becomes of it depends
 * on no other sample of the batch. src/data/transforms/operation.ts writes the table.
 */
import { brightness, contrast, hue, saturation } from "../images/colour";
import { argument, crop, erase, paste, whole } from "../images/place";
import { resize } from "../images/resize";
import { autocontrast, equalize, posterize, sharpen, solarize } from "../images/tone";
import { warp } from "../images/warp";
import { shareStart } from "../loops";
import { splat } from "../simd/f32";
import { loadUpTo, storeUpTo } from "../sums";

/** Numbers of an operation: its code and seven arguments. */
const ROW: i32 = 8;

const COPY: i32 = 0;
const CROP: i32 = 1;
const NEAREST: i32 = 2;
const BILINEAR: i32 = 3;
const RESIZE: i32 = 4;
const ERASE: i32 = 5;
const PASTE: i32 = 6;
const MIX: i32 = 7;
const BRIGHTNESS: i32 = 8;
const CONTRAST: i32 = 9;
const SATURATION: i32 = 10;
const HUE: i32 = 11;
const SOLARIZE: i32 = 12;
const POSTERIZE: i32 = 13;
const AUTOCONTRAST: i32 = 14;
const EQUALIZE: i32 = 15;
const SHARPEN: i32 = 16;

/** weight·x + (1 − weight)·other. */
function mix(out: usize, x: usize, other: usize, weight: f32, n: i32): void {
  const p = splat(weight);
  const q = splat(1 - weight);
  for (let i = 0; i < n; i += 4) {
    const at = (<usize>i) << 2;
    const left = n - i;
    const sum = f32x4.add(
      f32x4.mul(loadUpTo(x + at, left, p), p),
      f32x4.mul(loadUpTo(other + at, left, p), q),
    );
    storeUpTo(out + at, sum, left);
  }
}

/** A line of pixels, or 256 counts. */
@inline
function scratchBytes(w: i32): i32 {
  return max(1024, w << 2);
}

export function imageOps_f32_workspace(w: i32, parts: i32): i32 {
  return scratchBytes(w) * parts;
}

/**
 * out [n, c, oh, ow] from x [n, c, h, w] by table [n, steps, 8] of operations. The first step reads x, the others go on with what
 * they find in out (which CROP, NEAREST, BILINEAR, RESIZE and SHARPEN cannot). Only CROP and RESIZE may change the size. PASTE and MIX
 * also read the sample of x that their last argument names.
 */
export function imageOps_f32(
  out: usize,
  x: usize,
  table: usize,
  workspace: usize,
  n: i32,
  c: i32,
  h: i32,
  w: i32,
  oh: i32,
  ow: i32,
  steps: i32,
  part: i32,
  parts: i32,
): i32 {
  const last = shareStart(n, 1, part + 1, parts);
  const scratch = workspace + <usize>(scratchBytes(w) * part);
  const hw = h * w;
  const count = c * hw;
  const bytes = (<usize>count) << 2;
  for (let sample = shareStart(n, 1, part, parts); sample < last; sample++) {
    const to = out + ((<usize>sample * (c * oh * ow)) << 2);
    let from = x + <usize>sample * bytes;
    let row = table + ((<usize>(sample * steps * ROW)) << 2);
    for (let step = 0; step < steps; step++, row += ROW << 2) {
      const args = row + 4;
      const value = argument(args, 0);
      const op = whole(row, 0);
      if ((op == COPY || op == ERASE || op == PASTE) && from != to) memory.copy(to, from, bytes);
      switch (op) {
        case CROP:
          crop(to, from, args, c, h, w, oh, ow);
          break;
        case NEAREST:
        case BILINEAR:
          warp(to, from, args, c, h, w, op == BILINEAR);
          break;
        case RESIZE:
          resize(to, from, args, scratch, c, h, w, oh, ow);
          break;
        case ERASE:
          erase(to, args, c, h, w);
          break;
        case PASTE:
          paste(to, x + <usize>whole(args, 4) * bytes, args, c, h, w);
          break;
        case MIX:
          mix(to, from, x + <usize>whole(args, 1) * bytes, value, count);
          break;
        case BRIGHTNESS:
          brightness(to, from, value, count);
          break;
        case CONTRAST:
          contrast(to, from, value, c, hw);
          break;
        case SATURATION:
          saturation(to, from, value, hw);
          break;
        case HUE:
          hue(to, from, value, hw);
          break;
        case SOLARIZE:
          solarize(to, from, value, count);
          break;
        case POSTERIZE:
          posterize(to, from, value, count);
          break;
        case AUTOCONTRAST:
          autocontrast(to, from, c, hw);
          break;
        case EQUALIZE:
          equalize(to, from, scratch, c, hw);
          break;
        case SHARPEN:
          sharpen(to, from, value, c, h, w);
          break;
      }
      from = to;
    }
  }
  return 0;
}
