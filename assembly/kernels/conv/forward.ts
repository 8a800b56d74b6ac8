/**
 * Two-dimensional convolution as an implicit matrix product: rows are an image's output pixels, columns the output
 * channels, and the sum runs over input channels and taps.
 */
import { shareStart } from "../../loops";
import { NR } from "../gemm/blocking";
import { pack, packPanels } from "../gemm/pack";
import { correlate, SCRATCH_BYTES } from "./correlate";
import { extent, grid, meets, place } from "./image";

/** A part's slice: scratch, biases, weights, image, columns, rows. */
@inline
function sliceBytes(panels: i32, k: i32, image: i32, pixels: i32): usize {
  const floats = <usize>panels * 8 * (<usize>k + 1) + <usize>image + <usize>k + <usize>pixels;
  return (SCRATCH_BYTES + (floats << 2) + 63) & ~63;
}

/** Floats of an image's padded copy; 0 if the windows lie within the image. */
@inline
function imageFloats(c: i32, height: i32, width: i32, needH: i32, needW: i32, ph: i32, pw: i32): i32 {
  return ph != 0 || pw != 0 || needH > height || needW > width ? c * needH * needW : 0;
}

/** Bytes of workspace of conv2d_f32. */
export function conv2d_f32_workspace(
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
  const image = imageFloats(c, height, width, extent(oh, sh, kh, dh), extent(ow, sw, kw, dw), ph, pw);
  const panels = groups * ((o / groups + NR - 1) / NR);
  return <i32>(sliceBytes(panels, (c / groups) * kh * kw, image, oh * ow) * <usize>parts);
}

/**
 * out [n, o, oh, ow] = x [n, c, height, width] convolved with weight [o, c/groups, kh, kw], + bias [o] if it is not 0.
 * ph and pw are the leading padding; the trailing one is what oh and ow need. `activation` 1 is relu.
 */
export function conv2d_f32(
  out: usize,
  x: usize,
  weight: usize,
  bias: usize,
  activation: i32,
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
  const perGroup = (og + NR - 1) / NR;
  const panels = groups * perGroup;
  const pixels = oh * ow;
  const k = cg * kh * kw;
  const begin = shareStart(n * panels, 1, part, parts);
  const end = shareStart(n * panels, 1, part + 1, parts);
  if (pixels <= 0 || begin == end) return 0;

  const needH = extent(oh, sh, kh, dh);
  const needW = extent(ow, sw, kw, dw);
  const image = imageFloats(c, height, width, needH, needW, ph, pw);
  workspace += sliceBytes(panels, k, image, pixels) * <usize>part;
  const biases = workspace + SCRATCH_BYTES;
  const weights = biases + ((<usize>panels) << 5);
  const padded = weights + ((<usize>panels * <usize>k) << 5);
  const cols = padded + ((<usize>image) << 2);
  const rows = cols + ((<usize>k) << 2);

  // Weights as panels [p][8] and biases likewise, for those panels that this part meets.
  for (let q = 0; q < panels; q++) {
    if (!meets(q, panels, begin, end)) continue;
    const first = (q % perGroup) * NR;
    const from = (q / perGroup) * og + first;
    const valid = min(og - first, NR);
    packPanels(
      weights + ((<usize>q * <usize>k) << 5),
      weight + ((<usize>from * <usize>k) << 2),
      1,
      k,
      k,
      valid,
    );
    if (bias != 0) pack(biases + ((<usize>q) << 5), 32, bias + ((<usize>from) << 2), 8, 1, 1, valid);
  }
  const copied = image > 0;
  if (copied) memory.fill(padded, 0, (<usize>image) << 2);
  const planeH = copied ? needH : height;
  const planeW = copied ? needW : width;
  grid(cols, 0, cg, planeH * planeW, kh, dh * planeW, kw, dw);
  grid(rows, 0, 1, 0, oh, sh * planeW, ow, sw);

  for (let unit = begin; unit < end;) {
    const i = unit / panels;
    const from = unit % panels;
    const to = min(panels, from + end - unit);
    unit += to - from;
    const source = x + ((<usize>i * <usize>c * <usize>height * <usize>width) << 2);
    const g0 = from / perGroup;
    const g1 = (to - 1) / perGroup;
    if (copied) {
      const planes = (g1 + 1 - g0) * cg;
      const skip = <usize>(g0 * cg);
      place(
        padded + ((skip * <usize>(planeH * planeW)) << 2),
        planeH,
        planeW,
        ph,
        pw,
        source + ((skip * <usize>(height * width)) << 2),
        height,
        width,
        planes,
      );
    }
    for (let g = g0; g <= g1; g++) {
      const panel = g * perGroup;
      correlate(
        out + ((<usize>(i * o + g * og) * <usize>pixels) << 2),
        (<usize>pixels) << 2,
        0,
        (copied ? padded : source) + ((<usize>(g * cg) * <usize>(planeH * planeW)) << 2),
        rows,
        pixels,
        cols,
        k,
        weights + ((<usize>panel * <usize>k) << 5),
        bias == 0 ? 0 : biases + ((<usize>panel) << 5),
        og,
        max(from - panel, 0),
        min(to - panel, perGroup),
        activation != 0 ? 0 : -Infinity,
        workspace,
      );
    }
  }
  return 0;
}
