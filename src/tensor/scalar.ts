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
