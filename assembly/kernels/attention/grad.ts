/** The gradients of fused attention: the weights are made again, block by block, from the logarithms of their sums. */
import { Words } from "../../abi";
import { fillWords } from "../../bytes";
import { expSum } from "../../exponentials";
import { dimWord, shareStart } from "../../loops";
import { hsum, madd, splat } from "../../simd/f32";
import { loadUpTo, storeUpTo } from "../../sums";
import { ramp } from "../gemm/pack";
import * as t from "./tiles";

/** Further strides in a layout, behind those of the forward kernel. */
const GRAD: i32 = 20;
const DQ: i32 = 23;
const DK: i32 = 26;
const DV: i32 = 29;

/** Bytes of workspace of attentionGrad_f32, by the features of keys and of values. */
export function attentionGrad_f32_workspace(width: i32, valueWidth: i32, parts: i32): i32 {
  const panels = t.panelBytes(width) * 5 + t.panelBytes(valueWidth) * 4 + t.BLOCK * 2;
  return <i32>(panels + t.rowBytes(width) + t.rowBytes(valueWidth) + t.ROW * 2) * parts;
}

/** Σ a·b of n values. */
function dot(a: usize, b: usize, n: i32): f32 {
  let sum = splat(0);
  for (; n > 0; n -= 4, a += 16, b += 16) sum = madd(loadUpTo(a, n, splat(0)), loadUpTo(b, n, splat(0)), sum);
  return hsum(sum);
}

/** to ·= weights·(to − mean): the scores' gradient from the weights'. */
function softmaxSlope(to: usize, weights: usize, mean: f32, n: i32): void {
  for (; n > 0; n -= 4, to += 16, weights += 16) {
    const d = f32x4.sub(loadUpTo(to, n, splat(0)), splat(mean));
    storeUpTo(to, f32x4.mul(loadUpTo(weights, n, splat(0)), d), n);
  }
}

/** to = by·from for n values of each row, or to += by·from. */
function putRows(
  to: usize,
  toRow: usize,
  from: usize,
  fromRow: usize,
  rows: i32,
  n: i32,
  by: f32,
  accumulate: bool,
): void {
  for (; rows > 0; rows--, to += toRow, from += fromRow) {
    let i: usize = 0;
    for (let left = n; left > 0; left -= 4, i += 16) {
      const x = loadUpTo(from + i, left, splat(0));
      const sum = accumulate ? madd(x, splat(by), loadUpTo(to + i, left, splat(0))) : f32x4.mul(x, splat(by));
      storeUpTo(to + i, sum, left);
    }
  }
}

/** acc += x for whole vectors. */
function addBytes(acc: usize, x: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16)
    v128.store(acc + i, f32x4.add(v128.load(acc + i), v128.load(x + i)));
}

/**
 * From g, the gradient of `attention_f32`'s result `out`: those of q, k and v. The layout is that of `attention_f32` with the strides of g, dq,
 * dk and dv (batch, head, row) behind. Sums over keys and queries go by blocks in order; parts divide the heads.
 */
export function attentionGrad_f32(
  dq: usize,
  dk: usize,
  dv: usize,
  g: usize,
  q: usize,
  k: usize,
  v: usize,
  out: usize,
  logs: usize,
  mask: usize,
  scale: f32,
  causal: i32,
  rows: i32,
  keys: i32,
  layout: Words,
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  const queries = dimWord(layout, t.QUERIES);
  const width = dimWord(layout, t.WIDTH);
  const valueWidth = dimWord(layout, t.VALUE_WIDTH);
  const row = t.rowBytes(width);
  const valueRow = t.rowBytes(valueWidth);
  const ofQ = workspace + <usize>(attentionGrad_f32_workspace(width, valueWidth, 1) * part);
  const ofG = ofQ + t.panelBytes(width);
  const turnedK = ofG + t.panelBytes(valueWidth);
  const turnedV = turnedK + t.panelBytes(width);
  const ofK = turnedV + t.panelBytes(valueWidth);
  const sumK = ofK + t.panelBytes(width);
  const sumV = sumK + t.panelBytes(width);
  const more = sumV + t.panelBytes(valueWidth);
  const weights = more + t.panelBytes(width) + t.panelBytes(valueWidth);
  const slopes = weights + t.BLOCK;
  const features = slopes + t.BLOCK;
  const valueFeatures = features + row;
  const columns = valueFeatures + valueRow;
  const rowsOf = columns + t.ROW;
  ramp(columns, t.SIDE, 4);
  ramp(rowsOf, t.SIDE, t.ROW);
  const heads = rows / queries;
  const end = shareStart(heads, 1, part + 1, parts);
  for (let head = shareStart(heads, 1, part, parts); head < end; head++) {
    for (let key = 0; key < keys; key += t.SIDE) {
      const count = min(keys - key, t.SIDE);
      const kRow = dimWord(layout, t.K + 2);
      const kAt = t.rowAt(k, layout, t.K, head, key);
      t.packTurned(turnedK, kAt, kRow, count, width);
      t.packRows(ofK, kAt, kRow, count, width);
      t.packTurned(turnedV, t.rowAt(v, layout, t.V, head, key), dimWord(layout, t.V + 2), count, valueWidth);
      const firstQuery = causal != 0 ? key : 0;
      if (firstQuery >= queries) {
        fillWords(sumK, 0, <i32>((row * t.SIDE) >> 2));
        fillWords(sumV, 0, <i32>((valueRow * t.SIDE) >> 2));
      }
      for (let query = firstQuery; query < queries; query += t.SIDE) {
        const height = min(queries - query, t.SIDE);
        const diagonal = causal != 0 ? query - key : t.FREE;
        t.packRows(ofQ, t.rowAt(q, layout, t.Q, head, query), dimWord(layout, t.Q + 2), height, width);
        t.scaleBytes(ofQ, row * height, scale);
        const gAt = t.rowAt(g, layout, GRAD, head, query);
        t.packRows(ofG, gAt, dimWord(layout, GRAD + 2), height, valueWidth);
        t.featureTable(features, height, width);
        t.featureTable(valueFeatures, height, valueWidth);
        const right = diagonal + 4;
        t.tiles(weights, t.ROW, ofQ, 32, features, turnedK, width, height, count, -t.FREE, t.FREE, right);
        t.tiles(
          slopes,
          t.ROW,
          ofG,
          32,
          valueFeatures,
          turnedV,
          valueWidth,
          height,
          count,
          -t.FREE,
          t.FREE,
          right,
        );
        let gRow = gAt;
        let outRow = t.rowAt(out, layout, t.OUT, head, query);
        let own = t.maskAt(mask, layout, head, query, key);
        let log = logs + ((<usize>head * queries + query) << 2);
        for (let i = 0; i < height; i++) {
          const here = <usize>i * t.ROW;
          const n = t.seenBy(i, diagonal, count);
          if (mask != 0) t.addMask(weights + here, own, dimWord(layout, t.MASK + 3), n);
          // To the end of its last four vectors, which are cleared again: no vector goes alone.
          expSum(weights + here, weights + here, (n + 15) & ~15, 1, 4, splat(load<f32>(log)));
          softmaxSlope(slopes + here, weights + here, dot(gRow, outRow, valueWidth), n);
          t.clearRest(weights + here, n, i, diagonal, count);
          t.clearRest(slopes + here, n, i, diagonal, count);
          gRow += t.strideAt(layout, GRAD);
          outRow += t.strideAt(layout, t.OUT);
          own += t.strideAt(layout, t.MASK);
          log += 4;
        }
        const fresh = query == firstQuery;
        const toV = fresh ? sumV : more;
        t.tiles(toV, valueRow, weights, 4, rowsOf, ofG, height, count, valueWidth, -diagonal, t.FREE, t.FREE);
        if (!fresh) addBytes(sumV, more, valueRow * count);
        const toK = fresh ? sumK : more;
        t.tiles(toK, row, slopes, 4, rowsOf, ofQ, height, count, width, -diagonal, t.FREE, t.FREE);
        if (!fresh) addBytes(sumK, more, row * count);
        t.tiles(more, row, slopes, t.ROW, columns, ofK, count, height, width, -t.FREE, right, t.FREE);
        putRows(
          t.rowAt(dq, layout, DQ, head, query),
          t.strideAt(layout, DQ),
          more,
          row,
          height,
          width,
          scale,
          key > 0,
        );
      }
      putRows(t.rowAt(dk, layout, DK, head, key), t.strideAt(layout, DK), sumK, row, count, width, 1, false);
      const to = t.rowAt(dv, layout, DV, head, key);
      putRows(to, t.strideAt(layout, DV), sumV, valueRow, count, valueWidth, 1, false);
    }
  }
  return 0;
}
