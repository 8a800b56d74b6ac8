/** Reductions of x [outer, red, inner] along the middle to out [outer, inner]. */
import { shareStart } from "../loops";
import {
  loadUpTo,
  moments,
  squaresAboutMean,
  squaresOfColumns,
  storeUpTo,
  sumColumns,
  sumColumns16,
  sumRun,
  addEightRows,
  addFourRows,
  addRow,
  demote,
  Deviation,
} from "../sums";
import { foldKernel, Greatest, GreatestInteger, IntegerProduct, IntegerSum, Product } from "../folds";

function sumKernel(
  out: usize,
  x: usize,
  outer: i32,
  red: i32,
  inner: i32,
  divisor: f64,
  part: i32,
  parts: i32,
): i32 {
  let at = shareStart(outer * inner, 16, part, parts);
  const end = shareStart(outer * inner, 16, part + 1, parts);
  const stride = (<usize>inner) << 2;
  while (at < end) {
    const o = at / inner;
    const j = at - o * inner;
    const to = out + ((<usize>at) << 2);
    const from = x + ((<usize>o * red * inner + j) << 2);
    const columns = min(inner - j, end - at);
    if (inner == 1) {
      store<f32>(to, <f32>(sumRun(from, red) / divisor));
      at++;
    } else if (columns >= 16) {
      sumColumns16(to, from, red, stride, divisor);
      at += 16;
    } else {
      storeUpTo(to, sumColumns(from, red, stride, columns, divisor), columns);
      at += min(columns, 4);
    }
  }
  return 0;
}

/** Σ x; 0 of nothing. */
export function sum_f32(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  return sumKernel(out, x, outer, red, inner, 1, part, parts);
}

/** Bytes for a sum in f64 of each column. */
export function sumRows_f32_workspace(inner: i32): i32 {
  return ((inner + 3) & ~3) << 3;
}

/** `sum_f32` of long rows, to the same bits: reads rows one after another, where `sum_f32` goes down a few columns at a time. */
export function sumRows_f32(
  out: usize,
  x: usize,
  outer: i32,
  red: i32,
  inner: i32,
  workspace: usize,
  part: i32,
  parts: i32,
): i32 {
  const first = shareStart(inner, 16, part, parts);
  const count = shareStart(inner, 16, part + 1, parts) - first;
  const sums = workspace + ((<usize>first) << 3);
  const stride = (<usize>inner) << 2;
  for (let o = 0; o < outer; o++) {
    let from = x + ((<usize>o * red * inner + first) << 2);
    memory.fill(sums, 0, (<usize>((count + 3) & ~3)) << 3);
    let left = red;
    for (; left >= 8; left -= 8, from += stride << 3) addEightRows(sums, from, stride, count);
    if (left >= 4) {
      addFourRows(sums, from, stride, count);
      from += stride << 2;
      left -= 4;
    }
    for (; left > 0; left--, from += stride) addRow(sums, from, count);
    const to = out + ((<usize>o * inner + first) << 2);
    for (let j = 0; j < count; j += 4) {
      const at = sums + ((<usize>j) << 3);
      storeUpTo(to + ((<usize>j) << 2), demote(v128.load(at), v128.load(at, 16)), count - j);
    }
  }
  return 0;
}

/** Σ x / red; NaN of nothing. */
export function mean_f32(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  return sumKernel(out, x, outer, red, inner, red, part, parts);
}

/** Σ x² of n contiguous values: the square of a gradient's norm. One part does it. */
export function sumSquares_f32(out: usize, x: usize, n: i32, part: i32, parts: i32): i32 {
  if (part == 0) store<f32>(out, <f32>f64x2.extract_lane(moments<Deviation>(x, x, 0, n, 0), 1));
  return 0;
}

/** Σ (x − mean)² / max(0, red − correction). */
export function var_f32(
  out: usize,
  x: usize,
  outer: i32,
  red: i32,
  inner: i32,
  correction: f32,
  part: i32,
  parts: i32,
): i32 {
  let at = shareStart(outer * inner, 4, part, parts);
  const end = shareStart(outer * inner, 4, part + 1, parts);
  const stride = (<usize>inner) << 2;
  const divisor = max<f64>(0, <f64>red - <f64>correction);
  while (at < end) {
    const o = at / inner;
    const j = at - o * inner;
    const to = out + ((<usize>at) << 2);
    const from = x + ((<usize>o * red * inner + j) << 2);
    if (inner == 1) {
      const centre = <f32>(sumRun(from, red) / red);
      const squares = squaresAboutMean(moments<Deviation>(from, from, 0, red, centre), red);
      store<f32>(to, <f32>(squares / divisor));
      at++;
    } else {
      const columns = min(4, min(inner - j, end - at));
      const centre = sumColumns(from, red, stride, columns, red);
      storeUpTo(to, squaresOfColumns(from, red, stride, columns, centre, divisor), columns);
      at += columns;
    }
  }
  return 0;
}

/** Π x; 1 of nothing. */
export function prod_f32(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  return foldKernel<Product>(out, x, outer, red, inner, 0, part, parts);
}

/** The greatest x; NaN if there is one. */
export function amax_f32(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  return foldKernel<Greatest>(out, x, outer, red, inner, 0, part, parts);
}

/** The least x, which is −max(−x); NaN if there is one. */
export function amin_f32(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  return foldKernel<Greatest>(out, x, outer, red, inner, 0x80000000, part, parts);
}

export function sum_i32(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  return foldKernel<IntegerSum>(out, x, outer, red, inner, 0, part, parts);
}

export function prod_i32(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  return foldKernel<IntegerProduct>(out, x, outer, red, inner, 0, part, parts);
}

export function amax_i32(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  return foldKernel<GreatestInteger>(out, x, outer, red, inner, 0, part, parts);
}

/** The least x, which is ~max(~x). */
export function amin_i32(out: usize, x: usize, outer: i32, red: i32, inner: i32, part: i32, parts: i32): i32 {
  return foldKernel<GreatestInteger>(out, x, outer, red, inner, -1, part, parts);
}
