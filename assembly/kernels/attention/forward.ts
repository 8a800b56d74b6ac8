/**
 * Attention without a matrix of all scores: softmax as the scores come (M. Milakov, N. Gimelshein 2018), block by block (FlashAttention,
 * T. Dao et al. 2022).
 */
import { Words } from "../../abi";
import { fillWords } from "../../bytes";
import { expSum, logOf, peak } from "../../exponentials";
import { dimWord, shareStart } from "../../loops";
import { madd, splat } from "../../simd/f32";
import { expNonPositive } from "../../simd/math";
import { loadUpTo, storeUpTo } from "../../sums";
import { ramp } from "../gemm/pack";
import * as t from "./tiles";

/** Bytes of workspace of attention_f32, by the features of keys and of values. */
export function attention_f32_workspace(width: i32, valueWidth: i32, parts: i32): i32 {
  const panels = t.panelBytes(width) * 2 + t.panelBytes(valueWidth) * 3;
  const bytes = panels + t.BLOCK + t.rowBytes(width) + t.ROW * 4;
  return <i32>bytes * parts;
}

/** acc = acc·by + x for n bytes of whole vectors. */
function carryOn(acc: usize, x: usize, by: f32, bytes: usize): void {
  const factor = splat(by);
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(acc + i, madd(v128.load(acc + i), factor, v128.load(x + i)));
  }
}

/**
 * out = softmax(q kᵀ·scale + mask) v and the logarithm of each row's sum of exponentials, ∞ where nothing is seen. `rows` are
 * the queries of all heads; layout = [heads of a batch, queries of a head, width, width of values, strides of q, k, v, out (batch, head,
 * row), of the mask (and column, 0 or 1)]; `mask` may be 0.
 * Parts divide the blocks of queries.
 */
export function attention_f32(
  out: usize,
  logs: usize,
  q: usize,
  k: usize,
  v: usize,
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
  const accRow = t.rowBytes(valueWidth);
  const ofQ = workspace + <usize>(attention_f32_workspace(width, valueWidth, 1) * part);
  const ofK = ofQ + t.panelBytes(width);
  const ofV = ofK + t.panelBytes(width);
  const acc = ofV + t.panelBytes(valueWidth);
  const more = acc + t.panelBytes(valueWidth);
  const scores = more + t.panelBytes(valueWidth);
  const features = scores + t.BLOCK;
  const columns = features + t.rowBytes(width);
  const peaks = columns + t.ROW;
  const sums = peaks + t.ROW;
  const carries = sums + t.ROW;
  ramp(columns, t.SIDE, 4);
  const blocks = (queries + t.SIDE - 1) / t.SIDE;
  const units = (rows / queries) * blocks;
  const end = shareStart(units, 1, part + 1, parts);
  for (let unit = shareStart(units, 1, part, parts); unit < end; unit++) {
    const head = unit / blocks;
    const first = (unit - head * blocks) * t.SIDE;
    const height = min(queries - first, t.SIDE);
    t.packRows(ofQ, t.rowAt(q, layout, t.Q, head, first), dimWord(layout, t.Q + 2), height, width);
    t.scaleBytes(ofQ, t.rowBytes(width) * height, scale);
    t.featureTable(features, height, width);
    const seen = causal != 0 ? min(keys, first + height) : keys;
    for (let key = 0; key < seen; key += t.SIDE) {
      const count = min(keys - key, t.SIDE);
      const diagonal = causal != 0 ? first - key : t.FREE;
      t.packTurned(ofK, t.rowAt(k, layout, t.K, head, key), dimWord(layout, t.K + 2), count, width);
      t.packRows(ofV, t.rowAt(v, layout, t.V, head, key), dimWord(layout, t.V + 2), count, valueWidth);
      t.tiles(scores, t.ROW, ofQ, 32, features, ofK, width, height, count, -t.FREE, t.FREE, diagonal + 4);
      let own = t.maskAt(mask, layout, head, first, key);
      for (let i = 0; i < height; i++) {
        const row = scores + <usize>i * t.ROW;
        const at = (<usize>i) << 2;
        const n = t.seenBy(i, diagonal, count);
        if (mask != 0) {
          t.addMask(row, own, dimWord(layout, t.MASK + 3), n);
          own += t.strideAt(layout, t.MASK);
        }
        const before = key == 0 ? <f32>-Infinity : load<f32>(peaks + at);
        const most = max(before, f32x4.extract_lane(peak(row, n, 1, 4), 0));
        let sum: f32 = 0;
        let carry: f32 = 0;
        if (most == -Infinity) fillWords(row, 0, n);
        else {
          sum = f32x4.extract_lane(expSum(row, row, n, 1, 4, splat(most)), 0);
          if (key > 0) carry = f32x4.extract_lane(expNonPositive(splat(before - most)), 0);
        }
        t.clearRest(row, n, i, diagonal, count);
        store<f32>(peaks + at, most);
        store<f32>(sums + at, key == 0 ? sum : load<f32>(sums + at) * carry + sum);
        store<f32>(carries + at, carry);
      }
      const to = key == 0 ? acc : more;
      t.tiles(
        to,
        accRow,
        scores,
        t.ROW,
        columns,
        ofV,
        count,
        height,
        valueWidth,
        -t.FREE,
        diagonal + 4,
        t.FREE,
      );
      if (key == 0) continue;
      for (let i = 0; i < height; i++) {
        const here = <usize>i * accRow;
        carryOn(acc + here, more + here, load<f32>(carries + ((<usize>i) << 2)), accRow);
      }
    }
    const log = logs + ((<usize>head * queries + first) << 2);
    for (let i = 0; i < height; i += 4) {
      const at = (<usize>i) << 2;
      const most = v128.load(peaks + at);
      const blind = f32x4.eq(most, splat(-Infinity));
      const sum = v128.bitselect(splat(1), v128.load(sums + at), blind);
      v128.store(sums + at, f32x4.div(splat(1), sum));
      const total = v128.bitselect(splat(Infinity), f32x4.add(most, logOf(sum)), blind);
      storeUpTo(log + at, total, height - i);
    }
    let to = t.rowAt(out, layout, t.OUT, head, first);
    for (let i = 0; i < height; i++, to += t.strideAt(layout, t.OUT)) {
      const by = v128.load32_splat(sums + ((<usize>i) << 2));
      const from = acc + <usize>i * accRow;
      let j: usize = 0;
      for (let left = valueWidth; left > 0; left -= 4, j += 16) {
        storeUpTo(to + j, f32x4.mul(loadUpTo(from + j, left, splat(0)), by), left);
      }
    }
  }
  return 0;
}
