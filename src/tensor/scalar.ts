/**
 * Transcendental functions of single numbers in plain arithmetic, which rounds alike on every engine; `Math.cos` and its kin do not.
 * Errors are below 1e-14 relative on the ranges that schedules use.
 */

/** cos(πt), by Taylor's series about the nearest multiple of ½. */
export function cosPi(t: number): number {
  let x = Math.abs(t) % 2;
  if (x > 1) x = 2 - x;
  if (x > 0.75) return -cosSmall(Math.PI * (1 - x));
  if (x > 0.25) return sinSmall(Math.PI * (0.5 - x));
  return cosSmall(Math.PI * x);
}

/** For |a| ≤ π/4. */
function cosSmall(a: number): number {
  const s = a * a;
  let sum = 1;
  let term = 1;
  for (let k = 1; k <= 9; k++) {
    term *= -s / ((2 * k - 1) * (2 * k));
    sum += term;
  }
  return sum;
}

/** For |a| ≤ π/4. */
function sinSmall(a: number): number {
  const s = a * a;
  let sum = a;
  let term = a;
  for (let k = 1; k <= 9; k++) {
    term *= -s / (2 * k * (2 * k + 1));
    sum += term;
  }
  return sum;
}

/** x^y for x ≥ 0: whole powers by squaring, others as e^(y·ln x). */
export function power(x: number, y: number): number {
  if (y === 0) return 1;
  if (x === 0) return y > 0 ? 0 : Infinity;
  if (Number.isInteger(y) && Math.abs(y) <= 2 ** 31) {
    let result = 1;
    for (let n = Math.abs(y), factor = x; n > 0; n = Math.floor(n / 2), factor *= factor)
      if (n % 2 === 1) result *= factor;
    return y < 0 ? 1 / result : result;
  }
  return exponential(y * logOf(x));
}

/** ln x for finite x > 0: x = m·2^k with m about 1, ln m = 2·artanh((m − 1) / (m + 1)). */
function logOf(x: number): number {
  let k = 0;
  for (; x > Math.SQRT2; k++) x /= 2;
  for (; x < Math.SQRT1_2; k--) x *= 2;
  const s = (x - 1) / (x + 1);
  let sum = 0;
  for (let n = 25; n > 0; n -= 2) sum = sum * s * s + 1 / n;
  return k * Math.LN2 + 2 * s * sum;
}

/** e^x: x = k·ln 2 + r, by Taylor's series of r. */
export function exponential(x: number): number {
  if (x < -745) return 0;
  if (x > 710) return Infinity;
  const k = Math.round(x / Math.LN2);
  const r = x - k * Math.LN2;
  let sum = 1;
  for (let n = 18; n > 0; n--) sum = 1 + (sum * r) / n;
  let scaled = sum;
  for (let n = Math.abs(k); n > 0; n--) scaled = k > 0 ? scaled * 2 : scaled / 2;
  return scaled;
}
