/**
 * The gradient of a convolution for its input, which is as well the forward pass of a transposed convolution:
 * dx[y] = Σ g[j]·w[t] over j·stride + t·dilation − padding = y, in both dimensions.
 *
 * Input pixels of equal remainder by the stride meet the same taps, at equal distances in g. Each such phase is
 * therefore a convolution of g, of stride 1, with part of the taps: no zeros are multiplied.
 */
import { shareStart } from "../../loops";
import { NR } from "../gemm/blocking";
import { pack } from "../gemm/pack";
import { correlate, SCRATCH_BYTES } from "./correlate";
import { grid, meets, place } from "./image";

/** ⌊a / b⌋ for b > 0. */
@inline
function floorDivide(a: i32, b: i32): i32 {
  return (a >= 0 ? a : a - b + 1) / b;
}

/** The first row or column of g that a window can touch: negative in front of it. */
@inline
function lowest(stride: i32, taps: i32, dilation: i32, padding: i32): i32 {
  return floorDivide(padding - (taps - 1) * dilation, stride);
}

/** How many from there on can be touched. */
@inline
function reach(size: i32, stride: i32, taps: i32, dilation: i32, padding: i32): i32 {
  return floorDivide(size - 1 + padding, stride) - lowest(stride, taps, dilation, padding) + 1;
}

/** Floats of the padded copy of one image's g; 0 if all that is touched lies within g. */
@inline
function imageFloats(o: i32, oh: i32, ow: i32, lowH: i32, lowW: i32, needH: i32, needW: i32): i32 {
  return lowH < 0 || lowW < 0 || lowH + needH > oh || lowW + needW > ow ? o * needH * needW : 0;
}

/** The first tap that meets g at all for pixels of remainder `at` − padding; `taps` if none does. */
function firstTap(at: i32, stride: i32, taps: i32, dilation: i32): i32 {
  const most = min(taps, stride);
  for (let tap = 0; tap < most; tap++) if ((at - tap * dilation) % stride == 0) return tap;
  return taps;
}

/** The distance from such a tap to the next: stride / gcd(stride, dilation). */
function tapStep(stride: i32, dilation: i32): i32 {
  let a = stride;
  for (let b = dilation; b != 0;) {
    const rest = a % b;
    a = b;
    b = rest;
  }
  return stride / a;
}

/** How many there are of 0, step, 2·step … below `total`. */
@inline
function steps(total: i32, step: i32): i32 {
  return (total + step - 1) / step;
}

/** A part's slice: scratch, weights, image, columns, rows, places. */
@inline
function sliceBytes(panels: i32, k: i32, image: i32, pixels: i32): usize {
  const floats = <usize>panels * 8 * <usize>k + <usize>image + <usize>k + 2 * <usize>pixels;
  return (SCRATCH_BYTES + (floats << 2) + 63) & ~63;
}

/** Bytes of workspace of conv2dInputGrad_f32. */
export function conv2dInputGrad_f32_workspace(
  n: i32,
  c: i32,
  height: i32,
  width: i32,
  o: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  ph: i32,
  pw: i32,
  dh: i32,
  dw: i32,
  groups: i32,
  parts: i32,
): i32 {
  const needH = reach(height, sh, kh, dh, ph);
  const needW = reach(width, sw, kw, dw, pw);
  const image = imageFloats(o, oh, ow, lowest(sh, kh, dh, ph), lowest(sw, kw, dw, pw), needH, needW);
  const panels = groups * ((c / groups + NR - 1) / NR);
  return <i32>(sliceBytes(panels, (o / groups) * kh * kw, image, height * width) * <usize>parts);
}

/** dx [n, c, height, width] from g [n, o, oh, ow] and weight [o, c/groups, kh, kw]; the rest as for conv2d_f32. */
export function conv2dInputGrad_f32(
  dx: usize,
  g: usize,
  weight: usize,
  n: i32,
  c: i32,
  height: i32,
  width: i32,
  o: i32,
  oh: i32,
  ow: i32,
  kh: i32,
  kw: i32,
  sh: i32,
  sw: i32,
  ph: i32,
  pw: i32,
  dh: i32,
  dw: i32,
  groups: i32,
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  const cg = c / groups;
  const og = o / groups;
  const perGroup = (cg + NR - 1) / NR;
  const panels = groups * perGroup;
  const begin = shareStart(n * panels, 1, part, parts);
  const end = shareStart(n * panels, 1, part + 1, parts);
  if (height <= 0 || width <= 0 || begin == end) return 0;

  const lowH = lowest(sh, kh, dh, ph);
  const lowW = lowest(sw, kw, dw, pw);
  const needH = reach(height, sh, kh, dh, ph);
  const needW = reach(width, sw, kw, dw, pw);
  const image = imageFloats(o, oh, ow, lowH, lowW, needH, needW);
  const copied = image > 0;
  const planeH = copied ? needH : oh;
  const planeW = copied ? needW : ow;
  const originH = copied ? lowH : 0;
  const originW = copied ? lowW : 0;
  const plane = planeH * planeW;
  const k = og * kh * kw;
  workspace += sliceBytes(panels, k, image, height * width) * <usize>part;
  const weights = workspace + SCRATCH_BYTES;
  const padded = weights + ((<usize>panels * <usize>k) << 5);
  const cols = padded + ((<usize>image) << 2);
  const rows = cols + ((<usize>k) << 2);
  const places = rows + ((<usize>(height * width)) << 2);
  const stepH = tapStep(sh, dh);
  const stepW = tapStep(sw, dw);
  const strided = sh * sw > 1;
  const phasesH = min(sh, height);
  const phasesW = min(sw, width);
  if (copied) memory.fill(padded, 0, (<usize>image) << 2);
  if (cg % NR != 0) memory.fill(weights, 0, (<usize>panels * <usize>k) << 5);

  // Tables and panels of all phases, one behind the other.
  let b = weights;
  let col = cols;
  let row = rows;
  let to = places;
  for (let py = 0; py < phasesH; py++) {
    const ky = firstTap(py + ph, sh, kh, dh);
    const tapsH = steps(kh - ky, stepH);
    const high = steps(height - py, sh);
    const y = (py + ph - ky * dh) / sh - originH;
    for (let px = 0; px < phasesW; px++) {
      const kx = firstTap(px + pw, sw, kw, dw);
      const tapsW = steps(kw - kx, stepW);
      const wide = steps(width - px, sw);
      const x = (px + pw - kx * dw) / sw - originW;
      const taps = og * tapsH * tapsW;
      if (taps > 0) {
        // All taps lie in a row if every one counts.
        const runs = stepH == 1 && stepW == 1 ? 1 : tapsH;
        const run = (tapsH * tapsW) / runs;
        grid(col, y * planeW + x, og, plane, tapsH, -((stepH * dh) / sh) * planeW, tapsW, -(stepW * dw) / sw);
        for (let q = 0; q < panels; q++) {
          if (!meets(q, panels, begin, end)) continue;
          const first = (q % perGroup) * NR;
          const channel = (q / perGroup) * og * cg + first;
          let panel = b + ((<usize>q * <usize>taps) << 5);
          for (let oc = 0; oc < og; oc++) {
            for (let r = 0; r < runs; r++) {
              const from = ((channel + oc * cg) * kh + ky + r * stepH) * kw + kx;
              pack(panel, 32, weight + ((<usize>from) << 2), stepW, kh * kw, run, min(cg - first, NR));
              panel += (<usize>run) << 5;
            }
          }
        }
      }
      grid(row, 0, 1, 0, high, planeW, wide, 1);
      if (strided) grid(to, py * width + px, 1, 0, high, sh * width, wide, sw);
      b += (<usize>panels * <usize>taps) << 5;
      col += (<usize>taps) << 2;
      row += (<usize>(high * wide)) << 2;
      to += (<usize>(high * wide)) << 2;
    }
  }

  for (let unit = begin; unit < end;) {
    const i = unit / panels;
    const first = unit % panels;
    const last = min(panels, first + end - unit);
    unit += last - first;
    const g0 = first / perGroup;
    const g1 = (last - 1) / perGroup;
    let source = g + ((<usize>i * <usize>o * <usize>oh * <usize>ow) << 2);
    if (copied) {
      const skip = g0 * og;
      const target = padded + ((<usize>skip * <usize>plane) << 2);
      source += (<usize>skip * <usize>oh * <usize>ow) << 2;
      place(target, planeH, planeW, -lowH, -lowW, source, oh, ow, (g1 + 1 - g0) * og);
      source = padded;
    }
    b = weights;
    col = cols;
    row = rows;
    to = places;
    for (let py = 0; py < phasesH; py++) {
      const tapsH = steps(kh - firstTap(py + ph, sh, kh, dh), stepH);
      const high = steps(height - py, sh);
      for (let px = 0; px < phasesW; px++) {
        const taps = og * tapsH * steps(kw - firstTap(px + pw, sw, kw, dw), stepW);
        const pixels = high * steps(width - px, sw);
        for (let group = g0; group <= g1; group++) {
          const panel = group * perGroup;
          correlate(
            dx + ((<usize>(i * c + group * cg) * <usize>(height * width)) << 2),
            (<usize>(height * width)) << 2,
            strided ? to : 0,
            source + ((<usize>(group * og) * <usize>plane) << 2),
            row,
            pixels,
            col,
            taps,
            b + ((<usize>panel * <usize>taps) << 5),
            0,
            cg,
            max(first - panel, 0),
            min(last - panel, perGroup),
            -Infinity,
            workspace,
          );
        }
        b += (<usize>panels * <usize>taps) << 5;
        col += (<usize>taps) << 2;
        row += (<usize>pixels) << 2;
        to += (<usize>pixels) << 2;
      }
    }
  }
  return 0;
}
