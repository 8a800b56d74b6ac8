/**
 * 3 × 3 convolutions of stride 1 by tiles of 4 × 4 (tiles.ts). Values at the 36 points lie as [point][panel of eight
 * channels][tile][8], in blocks of whole rows of tiles that stay in L2, so that each point is a product of matrices whose
 * rows are tiles: of V (points of the input) by U (points of the weights, [point][panel][channel][8]).
 */
import { gather4, shareStart } from "../../loops";
import { splat } from "../../simd/f32";
import { loadUpTo } from "../../sums";
import { balanced, KC, NR } from "../gemm/blocking";
import { sweep, TILE_BYTES } from "../gemm/macro";
import { ramp } from "../gemm/pack";
import { interleave, separate } from "./interleave";
import { inputPoints, POINTS, REACH, sumsOfPoints, TILE, weightPoints } from "./tiles";

/** Floats of a block at all points. */
const BLOCK: i32 = 1 << 17;

/** From one point to the next: not a power of two, lest all points fall into the same sets of the cache. */
@inline
export function pointBytes(panels: i32, count: i32): usize {
  return ((<usize>panels * <usize>count) << 5) + 64;
}


@inline
export function panelsOf(channels: i32): i32 {
  return (channels + NR - 1) / NR;
}

/** The tiles that a row or a column of `size` sums is cut into. */
@inline
export function tilesOf(size: i32): i32 {
  return (size + TILE - 1) / TILE;
}

/** Rows of tiles in a block. */
@inline
export function rowsOf(c: i32, o: i32, tw: i32): i32 {
  return max(1, BLOCK / (POINTS * (c + o) * tw));
}

/** Bytes of four channels of a block's rows side by side, with one row of tiles on its way to and from the points. */
@inline
export function stageBytes(rows: i32, tw: i32): usize {
  return (<usize>((rows * TILE + 2) * (tw * TILE + 2) + 28 * tw + 12)) << 4;
}

/** rows[i] = the byte offset of channel i in [panel][count][8]. */
export function channelOffsets(table: usize, channels: i32, count: i32): void {
  for (let i = 0; i < channels; i++, table += 4) {
    store<usize>(table, ((<usize>(i >> 3) * <usize>count) << 5) + ((<usize>(i & 7)) << 2));
  }
}

/**
 * The points of the input for rows row … row + rows − 1 of tiles (of all images), as tiles 0 … of the block at `v`.
 * `stage` is scratch.
 */
export function transformInput(
  v: usize,
  point: usize,
  cap: i32,
  x: usize,
  c: i32,
  h: i32,
  w: i32,
  th: i32,
  tw: i32,
  ph: i32,
  pw: i32,
  row: i32,
  rows: i32,
  stage: usize,
): void {
  const columns = tw * TILE + 2;
  const line = (<usize>columns) << 4;
  const plane = (<usize>(h * w)) << 2;
  let tile = 0;
  while (rows > 0) {
    const first = row % th;
    const count = min(rows, th - first);
    const image = x + <usize>(row / th) * <usize>c * plane;
    const high = count * TILE + 2;
    const temporary = stage + <usize>high * line;
    for (let channel = 0; channel < c; channel += 4) {
      const from = image + <usize>channel * plane;
      for (let y = 0; y < high; y++) {
        const at = first * TILE + y - ph;
        // A row outside of the image is read as if it were wholly beside it.
        const beside = <u32>at >= <u32>h;
        interleave(
          stage + <usize>y * line,
          columns,
          beside ? image : from + ((<usize>(at * w)) << 2),
          plane,
          c - channel,
          beside ? 0 : w,
          beside ? 0 : -pw,
        );
      }
      let to = v + ((<usize>(channel >> 3) * <usize>cap + <usize>tile) << 5) + ((<usize>(channel & 4)) << 2);
      for (let r = 0; r < count; r++) {
        inputPoints(temporary, line, 16, stage + <usize>(r * TILE) * line, line, 16, columns);
        for (let i = 0; i < REACH; i++) {
          inputPoints(to + <usize>(i * REACH) * point, point, 32, temporary + <usize>i * line, 16, 64, tw);
        }
        to += (<usize>tw) << 5;
      }
    }
    tile += count * tw;
    row += count;
    rows -= count;
  }
}

/** Bytes of the points of weights with k input and o output channels. */
export function winogradWeights_f32_workspace(k: i32, o: i32, parts: i32): i32 {
  return <i32>(pointBytes(panelsOf(o), k) * POINTS);
}

/**
 * The points of weights for winograd_f32: u [point][panel of o][k][8] of w, in which output channels are `oStep` elements
 * apart, input channels `kStep`, and the nine taps in a row, read backwards if `flip`.
 */
export function winogradWeights_f32(
  u: usize,
  w: usize,
  k: i32,
  o: i32,
  kStep: i32,
  oStep: i32,
  flip: i32,
  part: i32,
  parts: i32,
): i32 {
  const panels = panelsOf(o);
  const point = pointBytes(panels, k);
  const stride = (<usize>oStep) << 2;
  const end = shareStart(panels * k, 2, part + 1, parts);
  for (let i = shareStart(panels * k, 2, part, parts); i < end; i++) {
    const first = (i / k) * NR;
    for (let half = 0; half < 2; half++) {
      const channel = first + half * 4;
      const to = u + ((<usize>i) << 5) + ((<usize>half) << 4);
      const from = w + <usize>channel * stride + ((<usize>((i % k) * kStep)) << 2);
      // In place: a tap's row and column of three are those of the points it becomes.
      for (let tap = 0; tap < 9; tap++) {
        const at = from + ((<usize>(flip != 0 ? 8 - tap : tap)) << 2);
        const lanes = channel < o ? gather4<f32>(at, stride, o - channel) : splat(0);
        v128.store(to + <usize>((tap / 3) * REACH + (tap % 3)) * point, lanes);
      }
      weightPoints(to, point * REACH, point, to, point * REACH, point, 3);
      weightPoints(to, point, point * REACH, to, point, point * REACH, REACH);
    }
  }
  return 0;
}

/** A part's slice: a tile, tables of channels and tiles, the stage, points of the input and of the output. */
@inline
function sliceBytes(c: i32, o: i32, tw: i32): usize {
  const rows = rowsOf(c, o, tw);
  const cap = rows * tw;
  const tables = (<usize>(c + cap)) << 2;
  const points = (pointBytes(panelsOf(c), cap) + pointBytes(panelsOf(o), cap)) * POINTS;
  return (TILE_BYTES + tables + stageBytes(rows, tw) + points + 63) & ~63;
}

/** Bytes of workspace of winograd_f32. */
export function winograd_f32_workspace(c: i32, o: i32, ow: i32, parts: i32): i32 {
  return <i32>(sliceBytes(c, o, tilesOf(ow)) * <usize>parts);
}

/** `conv2d_f32` for 3 × 3 with stride 1, of the weights' points u; ph and pw may be negative. */
export function winograd_f32(
  out: usize,
  x: usize,
  u: usize,
  bias: usize,
  activation: i32,
  n: i32,
  c: i32,
  h: i32,
  w: i32,
  o: i32,
  oh: i32,
  ow: i32,
  ph: i32,
  pw: i32,
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  const th = tilesOf(oh);
  const tw = tilesOf(ow);
  const most = rowsOf(c, o, tw);
  const cap = most * tw;
  const cPanels = panelsOf(c);
  const oPanels = panelsOf(o);
  const vPoint = pointBytes(cPanels, cap);
  const mPoint = pointBytes(oPanels, cap);
  const uPoint = pointBytes(oPanels, c);
  workspace += sliceBytes(c, o, tw) * <usize>part;
  const cols = workspace + TILE_BYTES;
  const rows = cols + ((<usize>c) << 2);
  const v = rows + ((<usize>cap) << 2);
  const m = v + vPoint * POINTS;
  const stage = m + mPoint * POINTS;
  channelOffsets(cols, c, cap);
  ramp(rows, cap, 32);
  const kc = balanced(c, KC);
  const floor = splat(activation != 0 ? 0 : -Infinity);
  const plane = (<usize>(oh * ow)) << 2;
  const end = shareStart(n * th, 1, part + 1, parts);
  for (let row = shareStart(n * th, 1, part, parts); row < end; row += most) {
    const count = min(end - row, most);
    transformInput(v, vPoint, cap, x, c, h, w, th, tw, ph, pw, row, count, stage);
    for (let point = 0; point < POINTS; point++) {
      for (let panel = 0; panel < oPanels; panel++) {
        const to = m + <usize>point * mPoint + ((<usize>(panel * cap)) << 5);
        const by = u + <usize>point * uPoint + ((<usize>(panel * c)) << 5);
        for (let k = 0; k < c; k += kc) {
          sweep(
            v + <usize>point * vPoint,
            rows,
            count * tw,
            cols + ((<usize>k) << 2),
            min(c - k, kc),
            by + ((<usize>k) << 5),
            to,
            32,
            NR,
            k == 0 ? <usize>0 : to,
            k == 0 ? 0 : 32,
            workspace,
          );
        }
      }
    }
    for (let r = 0; r < count; r++) {
      const image = (row + r) / th;
      const y = ((row + r) % th) * TILE;
      for (let channel = 0; channel < o; channel += 4) {
        const from = m + ((<usize>((channel >> 3) * cap + r * tw)) << 5) + ((<usize>(channel & 4)) << 2);
        const half = (<usize>(tw * REACH)) << 4;
        for (let j = 0; j < REACH; j++) {
          const points = from + <usize>j * mPoint;
          sumsOfPoints(stage + ((<usize>j) << 4), half, REACH * 16, points, mPoint * REACH, 32, tw);
        }
        const valid = min(o - channel, 4);
        const shift = bias == 0 ? splat(0) : loadUpTo(bias + ((<usize>channel) << 2), valid, splat(0));
        let to = out + <usize>(image * o + channel) * plane + ((<usize>(y * ow)) << 2);
        const line = stage + (half << 2);
        for (let i = 0; i < min(oh - y, TILE); i++, to += (<usize>ow) << 2) {
          sumsOfPoints(line, 16, 64, stage + <usize>i * half, 16, REACH * 16, tw);
          separate(to, plane, valid, ow, line, shift, floor);
        }
      }
    }
  }
  return 0;
}
