/**
 * The gradient of a convolution for its weight: dw[o][p] = Σ over images and output pixels of g[o][i]·x(rows[p] + cols[i]).
 * Again an implicit matrix product, in which the taps are the rows and the pixels the sum: the same windows, read the
 * other way about. g's pixels × channels are packed by panels of eight channels.
 *
 * Sums are formed by blocks of at most KC pixels of one image, or of as many whole images as that holds, and added up in
 * strips [tap][8], in order of the images.
 */
import { shareStart } from "../../loops";
import { balanced, KC, NR } from "../gemm/blocking";
import { sweep, TILE_BYTES } from "../gemm/macro";
import { pack, packPanels } from "../gemm/pack";
import { extent, grid, place } from "./image";

/** Taps of a unit of work. */
const TAPS: i32 = 40;

/** Images whose pixels are summed in one block. */
@inline
function imagesOf(n: i32, pixels: i32): i32 {
  return max(1, min(n, KC / max(pixels, 1)));
}

/** Floats of the padded copies of so many images; 0 if the windows lie within them. */
@inline
function imageFloats(
  images: i32,
  c: i32,
  height: i32,
  width: i32,
  needH: i32,
  needW: i32,
  ph: i32,
  pw: i32,
): i32 {
  return ph != 0 || pw != 0 || needH > height || needW > width ? images * c * needH * needW : 0;
}

/** A part's slice: a tile, a panel, strips, images, rows, columns. */
@inline
function sliceBytes(panels: i32, k: i32, images: i32, pixels: i32): usize {
  const floats = <usize>(KC + panels * k) * 8 + <usize>images + <usize>k + <usize>pixels;
  return (TILE_BYTES + (floats << 2) + 63) & ~63;
}

/** Bytes of workspace of conv2dWeightGrad_f32. */
export function conv2dWeightGrad_f32_workspace(
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
  const images = imagesOf(n, oh * ow);
  const floats = imageFloats(
    images,
    c,
    height,
    width,
    extent(oh, sh, kh, dh),
    extent(ow, sw, kw, dw),
    ph,
    pw,
  );
  const panels = groups * ((o / groups + NR - 1) / NR);
  return <i32>(sliceBytes(panels, (c / groups) * kh * kw, floats, images * oh * ow) * <usize>parts);
}

/** dweight [o, c/groups, kh, kw] from g [n, o, oh, ow] and x [n, c, height, width]; the rest as for conv2d_f32. */
export function conv2dWeightGrad_f32(
  dweight: usize,
  g: usize,
  x: usize,
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
  const cuts = (k + TAPS - 1) / TAPS;
  const begin = shareStart(panels * cuts, 1, part, parts);
  const end = shareStart(panels * cuts, 1, part + 1, parts);
  if (n == 0 || pixels <= 0) {
    if (part == 0) memory.fill(dweight, 0, (<usize>o * <usize>k) << 2);
    return 0;
  }
  if (begin == end) return 0;

  const needH = extent(oh, sh, kh, dh);
  const needW = extent(ow, sw, kw, dw);
  const images = imagesOf(n, pixels);
  const floats = imageFloats(images, c, height, width, needH, needW, ph, pw);
  const copied = floats > 0;
  const planeH = copied ? needH : height;
  const planeW = copied ? needW : width;
  const plane = planeH * planeW;
  workspace += sliceBytes(panels, k, floats, images * pixels) * <usize>part;
  const packed = workspace + TILE_BYTES;
  const strips = packed + KC * 32;
  const padded = strips + ((<usize>panels * <usize>k) << 5);
  const rows = padded + ((<usize>floats) << 2);
  const cols = rows + ((<usize>k) << 2);
  if (copied) memory.fill(padded, 0, (<usize>floats) << 2);
  grid(rows, 0, cg, plane, kh, dh * planeW, kw, dw);
  for (let i = 0; i < images; i++) {
    grid(cols + ((<usize>(i * pixels)) << 2), i * c * plane, 1, 0, oh, sh * planeW, ow, sw);
  }
  const firstGroup = begin / cuts / perGroup;
  const lastGroup = (end - 1) / cuts / perGroup;
  const chunk = balanced(pixels, KC);

  for (let i = 0; i < n; i += images) {
    const count = min(n - i, images);
    let source = x + ((<usize>i * <usize>c * <usize>height * <usize>width) << 2);
    if (copied) {
      const planes = (lastGroup + 1 - firstGroup) * cg;
      const skip = <usize>(firstGroup * cg);
      for (let j = 0; j < count; j++) {
        const from = source + (((<usize>j * <usize>c + skip) * <usize>(height * width)) << 2);
        place(
          padded + (((<usize>(j * c) + skip) * <usize>plane) << 2),
          planeH,
          planeW,
          ph,
          pw,
          from,
          height,
          width,
          planes,
        );
      }
      source = padded;
    }
    for (let pixel = 0; pixel < pixels; pixel += chunk) {
      const length = min(pixels - pixel, chunk);
      for (let unit = begin; unit < end;) {
        const panel = unit / cuts;
        const cut = unit % cuts;
        const after = min(cuts, cut + end - unit);
        unit += after - cut;
        const group = panel / perGroup;
        const first = (panel % perGroup) * NR;
        const valid = min(og - first, NR);
        let gradient = g + ((<usize>(i * o + group * og + first) * <usize>pixels + <usize>pixel) << 2);
        for (let j = 0; j < count; j++) {
          packPanels(packed + ((<usize>(j * length)) << 5), gradient, 1, pixels, length, valid);
          gradient += (<usize>o * <usize>pixels) << 2;
        }
        const row = cut * TAPS;
        const strip = strips + ((<usize>(panel * k + row)) << 5);
        const initial = i == 0 && pixel == 0;
        sweep(
          source + ((<usize>(group * cg) * <usize>plane) << 2),
          rows + ((<usize>row) << 2),
          min(k, after * TAPS) - row,
          cols + ((<usize>pixel) << 2),
          count * length,
          packed,
          strip,
          32,
          NR,
          initial ? <usize>0 : strip,
          initial ? 0 : 32,
          workspace,
        );
      }
    }
  }
  for (let unit = begin; unit < end;) {
    const panel = unit / cuts;
    const cut = unit % cuts;
    const after = min(cuts, cut + end - unit);
    unit += after - cut;
    const first = (panel % perGroup) * NR;
    const channel = (panel / perGroup) * og + first;
    const row = cut * TAPS;
    pack(
      dweight + ((<usize>(channel * k + row)) << 2),
      (<usize>k) << 2,
      strips + ((<usize>(panel * k + row)) << 5),
      1,
      NR,
      min(og - first, NR),
      min(k, after * TAPS) - row,
    );
  }
  return 0;
}
