/** f64 references of functions that `Math` lacks, and of those whose f32 form needs more care than `Math` takes. */

/** erf by its Taylor series times e^−a², all terms positive: full precision below 3. */
function erfSeries(a: number): number {
  let term = a;
  let sum = a;
  for (let n = 1; term > sum * 1e-18; n++) {
    term *= (2 * a * a) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-a * a) * sum;
}

/** e^a² · erfc a: Laplace's continued fraction from 2 on. */
function erfcx(a: number): number {
  if (a < 2) return Math.exp(a * a) * (1 - erfSeries(a));
  let rest = 0;
  for (let k = 200; k >= 1; k--) rest = k / 2 / (a + rest);
  return 1 / (a + rest) / Math.sqrt(Math.PI);
}

export function erf(x: number): number {
  if (Number.isNaN(x) || x === 0) return x;
  const a = Math.abs(x);
  return Math.sign(x) * (a < 3 ? erfSeries(a) : 1 - Math.exp(-a * a) * erfcx(a));
}

/** Φ(−a) for a ≥ 0. */
function normalTail(a: number): number {
  return a > 50 ? 0 : (Math.exp((-a * a) / 2) * erfcx(a / Math.SQRT2)) / 2;
}

export function gelu(x: number): number {
  if (x === 0) return x;
  return x > 0 ? x * (1 - normalTail(x)) : Math.max(x, -100) * normalTail(-x);
}

export function geluSlope(x: number): number {
  const tail = normalTail(Math.abs(x));
  return (
    (x < 0 ? tail : 1 - tail) + (Math.abs(x) > 50 ? 0 : (x * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI))
  );
}

export const sigmoid = (x: number): number =>
  x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x));

/** x·s for a factor s in 0 … 1 that is 0 at −∞. */
const gated = (x: number, s: number): number => (s === 0 ? -0 : x * s);

const inner = (x: number): number => Math.sqrt(8 / Math.PI) * (x + 0.044715 * x ** 3);

export const silu = (x: number): number => gated(x, sigmoid(x));
export const geluTanh = (x: number): number => gated(x, sigmoid(inner(x)));

export function siluSlope(x: number): number {
  const s = sigmoid(x);
  return s + (s === 0 || s === 1 ? 0 : x * s * (1 - s));
}

export function geluTanhSlope(x: number): number {
  const s = sigmoid(inner(x));
  return s + (s === 0 || s === 1 ? 0 : x * s * (1 - s) * Math.sqrt(8 / Math.PI) * (1 + 3 * 0.044715 * x * x));
}

export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

export function mish(x: number): number {
  if (x > 30) return x;
  const e = Math.exp(x);
  return gated(x, (e * (e + 2)) / (e * (e + 2) + 2));
}

export function mishSlope(x: number): number {
  if (Math.abs(x) > 40) return Number(x > 0);
  const t = Math.tanh(Math.log1p(Math.exp(x)));
  return t + x * sigmoid(x) * (1 - t * t);
}

export function tanhshrink(x: number): number {
  const z = x * x;
  if (z > 0.0025) return x - Math.tanh(x);
  return x * z * (1 / 3 - z * (2 / 15 - z * (17 / 315 - z * (62 / 2835))));
}

/** To the nearest integer, halves to the even one. */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (x === floor || Number.isNaN(x)) return x;
  const up = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0);
  return up ? (floor === -1 ? -0 : floor + 1) : floor;
}

/** Values that break kernels, as f32. */
// prettier-ignore
export const SPECIAL: readonly number[] = [
  0, -0, 1, -1, 0.5, -0.5, 1.5, -1.5, 2.5, -2.5, 2, -2, NaN, Infinity, -Infinity,
  1.401298464324817e-45, -1.401298464324817e-45, 1.1754942106924411e-38, -1.1754942106924411e-38,
  1.1754943508222875e-38, -1.1754943508222875e-38, 3.4028234663852886e38, -3.4028234663852886e38,
  1e30, -1e30, 1e-30, -1e-30, 88.72283935546875, 88.7228, -103.972076416015625, -104, 16777216, -16777215,
].map(Math.fround);

/** `count` f32 values of all exponents, signs and special values, the same in every run. */
export function everywhere(count: number): Float32Array {
  const values = new Float32Array(count);
  const bits = new Uint32Array(values.buffer);
  let state = 2463534242;
  for (let i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    // Every other value where activations live, the rest over all of f32.
    if (i % 2 === 0) values[i] = (state / 2 ** 31) * (i % 4 === 0 ? 4 : 100);
    else bits[i] = (((i >>> 1) % 512) << 23) | (state & 0x7fffff);
  }
  values.set(SPECIAL);
  return values;
}

/** Distance of two neighbours in f32 at |x|. */
function ulp(x: number): number {
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(x))), -126);
  return 2 ** (exponent - 23);
}

/**
 * Throws where `actual` is further from the f64 reference than `bound` units in the last place, or where NaN,
 * infinities or the sign of zero differ. `argument` names the inputs of an element.
 */
export function expectUlp(
  actual: ArrayLike<number>,
  reference: (index: number) => number,
  bound: number,
  argument: (index: number) => string,
): void {
  for (let i = 0; i < actual.length; i++) {
    const is = actual[i] as number;
    const exact = reference(i);
    const should = Math.fround(exact);
    if (Object.is(is, should)) continue;
    const finite = Number.isFinite(is) && Number.isFinite(should) && !(is === 0 && should === 0);
    // At the edge of overflow either may be right.
    const edge = Math.abs(exact) > 3.4028e38 && Math.abs(exact) < 3.4029e38;
    if (edge || (finite && Math.abs(is - exact) <= bound * ulp(should === 0 ? 1e-45 : should))) continue;
    throw new Error(`at ${argument(i)}: ${String(is)}, should be ${String(exact)}`);
  }
}
