/**
 * The gradient of a 3 × 3 convolution of stride 1 for its weight by the same tiles as the convolution (winograd.ts), whose
 * transpose it is: at each point the product of the input's points and of those of g, summed over all tiles. The rows of
 * tiles are cut into groups, each of which has sums of its own; a second command adds them and leaves the points.
 */
import { shareStart } from "../../loops";
import { sweep, TILE_BYTES } from "../gemm/macro";
import { ramp } from "../gemm/pack";
import { NR } from "../gemm/blocking";
import { interleave } from "./interleave";
import { gradientPoints, POINTS, REACH, TILE, weightsOfPoints } from "./tiles";
import {
  channelOffsets,
  panelsOf,
  pointBytes,
  rowsOf,
  stageBytes,
  tilesOf,
  transformInput,
} from "./winograd";

/** Tiles that are worth sums of their own. */
const GROUP: i32 = 32;

/** Groups of rows of tiles, whatever the parts. */
@inline
function groupsOf(n: i32, oh: i32, ow: i32): i32 {
  const rows = n * tilesOf(oh);
  return max(1, min(min(rows, 8), (rows * tilesOf(ow)) / GROUP));
}

/** Bytes of the sums of all groups. */
@inline
function sumsBytes(n: i32, c: i32, o: i32, oh: i32, ow: i32): usize {
  return pointBytes(panelsOf(o), c) * <usize>(POINTS * groupsOf(n, oh, ow));
}

/** A part's slice: a tile, tables of channels and tiles, the stage, points of the input and of g. */
@inline
function sliceBytes(c: i32, o: i32, tw: i32): usize {
  const rows = rowsOf(c, o, tw);
  const cap = rows * tw;
  const tables = (<usize>(c + cap)) << 2;
  const points = (pointBytes(panelsOf(c), cap) + pointBytes(panelsOf(o), cap)) * POINTS;
  return (TILE_BYTES + tables + stageBytes(rows, tw) + points + 63) & ~63;
}

/** The points of g for rows row … row + rows − 1 of tiles; the counterpart of `transformInput`. */
function transformGradient(
  v: usize,
  point: usize,
  cap: i32,
  g: usize,
  o: i32,
  oh: i32,
  ow: i32,
  th: i32,
  tw: i32,
  row: i32,
  rows: i32,
  stage: usize,
): void {
  const columns = tw * TILE;
  const line = (<usize>columns) << 4;
  const plane = (<usize>(oh * ow)) << 2;
  const temporary = stage + line * TILE;
  for (let r = 0; r < rows; r++) {
    const image = g + <usize>((row + r) / th) * <usize>o * plane;
    const y = ((row + r) % th) * TILE;
    // All eight channels of a panel are filled.
    for (let channel = 0; channel < panelsOf(o) * NR; channel += 4) {
      const first = min(channel, o - 1);
      for (let i = 0; i < TILE; i++) {
        const beside = y + i >= oh;
        const from = image + <usize>first * plane + ((<usize>((y + i) * ow)) << 2);
        const valid = o - first;
        interleave(stage + <usize>i * line, columns, beside ? image : from, plane, valid, beside ? 0 : ow, 0);
      }
      gradientPoints(temporary, line, 16, stage, line, 16, columns);
      const panel = (<usize>((channel >> 3) * cap + r * tw)) << 5;
      const to = v + panel + ((<usize>(channel & 4)) << 2);
      for (let i = 0; i < REACH; i++) {
        gradientPoints(to + <usize>(i * REACH) * point, point, 32, temporary + <usize>i * line, 16, 64, tw);
      }
    }
  }
}

/** Bytes of workspace of winogradSums_f32. */
export function winogradSums_f32_workspace(n: i32, c: i32, o: i32, oh: i32, ow: i32, parts: i32): i32 {
  return <i32>(sumsBytes(n, c, o, oh, ow) + sliceBytes(c, o, tilesOf(ow)) * <usize>parts);
}

/** Each group's sums, [group][point][panel of o][c][8], to the beginning of the workspace. */
export function winogradSums_f32(
  g: usize,
  x: usize,
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
  const panels = panelsOf(o);
  const vPoint = pointBytes(panelsOf(c), cap);
  const gPoint = pointBytes(panels, cap);
  const sPoint = pointBytes(panels, c);
  const sums = workspace;
  workspace += sumsBytes(n, c, o, oh, ow) + sliceBytes(c, o, tw) * <usize>part;
  const rows = workspace + TILE_BYTES;
  const cols = rows + ((<usize>c) << 2);
  const v = cols + ((<usize>cap) << 2);
  const gradient = v + vPoint * POINTS;
  const stage = gradient + gPoint * POINTS;
  channelOffsets(rows, c, cap);
  ramp(cols, cap, 32);
  const groups = groupsOf(n, oh, ow);
  const last = shareStart(groups, 1, part + 1, parts);
  for (let group = shareStart(groups, 1, part, parts); group < last; group++) {
    const first = shareStart(n * th, 1, group, groups);
    const end = shareStart(n * th, 1, group + 1, groups);
    for (let row = first; row < end; row += most) {
      const count = min(end - row, most);
      transformInput(v, vPoint, cap, x, c, h, w, th, tw, ph, pw, row, count, stage);
      transformGradient(gradient, gPoint, cap, g, o, oh, ow, th, tw, row, count, stage);
      for (let point = 0; point < POINTS; point++) {
        for (let panel = 0; panel < panels; panel++) {
          const to = sums + <usize>(group * POINTS + point) * sPoint + ((<usize>(panel * c)) << 5);
          sweep(
            v + <usize>point * vPoint,
            rows,
            c,
            cols,
            count * tw,
            gradient + <usize>point * gPoint + ((<usize>(panel * cap)) << 5),
            to,
            32,
            NR,
            row == first ? <usize>0 : to,
            row == first ? 0 : 32,
            workspace,
          );
        }
      }
    }
  }
  return 0;
}

/** dweight [o, c, 3, 3] of those sums, which it spoils. */
export function winogradWeightGrad_f32(
  dweight: usize,
  sums: usize,
  n: i32,
  c: i32,
  o: i32,
  oh: i32,
  ow: i32,
  part: i32,
  parts: i32,
): i32 {
  const panels = panelsOf(o);
  const point = pointBytes(panels, c);
  const groups = groupsOf(n, oh, ow);
  const stride = (<usize>(c * 9)) << 2;
  const end = shareStart(panels * c, 2, part + 1, parts);
  for (let i = shareStart(panels * c, 2, part, parts); i < end; i++) {
    for (let half = 0; half < 2; half++) {
      const channel = (i / c) * NR + half * 4;
      if (channel >= o) break;
      const at = sums + ((<usize>i) << 5) + ((<usize>half) << 4);
      for (let j = 0; j < POINTS; j++) {
        const to = at + <usize>j * point;
        let sum = v128.load(to);
        for (let group = 1; group < groups; group++) {
          sum = f32x4.add(sum, v128.load(to + <usize>(group * POINTS) * point));
        }
        v128.store(to, sum);
      }
      // In place: three of a column or a row take the place of its six.
      weightsOfPoints(at, point * REACH, point, at, point * REACH, point, REACH);
      weightsOfPoints(at, point, point * REACH, at, point, point * REACH, 3);
      const valid = o - channel;
      const target = dweight + <usize>channel * stride + ((<usize>((i % c) * 9)) << 2);
      for (let tap = 0; tap < 9; tap++) {
        const lanes = v128.load(at + <usize>((tap / 3) * REACH + (tap % 3)) * point);
        const to = target + ((<usize>tap) << 2);
        v128.store32_lane(to, lanes, 0);
        if (valid > 1) v128.store32_lane(to + stride, lanes, 1);
        if (valid > 2) v128.store32_lane(to + (stride << 1), lanes, 2);
        if (valid > 3) v128.store32_lane(to + stride * 3, lanes, 3);
      }
    }
  }
  return 0;
}
