/** A place on a line: how far along it, the value there, and the slope along the line. */
export interface Point {
  readonly t: number;
  readonly loss: number;
  readonly slope: number;
}

/** Shares of the first slope that count as enough descent (c₁), and as flat enough (c₂). */
const DESCENT = 1e-4;
const FLAT = 0.9;
const MOST_POINTS = 25;

/** The lowest place of the cubic with these values and slopes at two points, within [from, to]. */
function lowest(a: Point, b: Point, from: number, to: number): number {
  const mid = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const square = mid * mid - a.slope * b.slope;
  if (!(square >= 0)) return (from + to) / 2;
  const root = Math.sqrt(square);
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const t =
    right.t - (right.t - left.t) * ((right.slope + root - mid) / (right.slope - left.slope + 2 * root));
  return Math.min(Math.max(t, from), to);
}

/**
 * Searches along a line for a point that satisfies the strong Wolfe conditions, by bracketing and cubic interpolation (J. Nocedal and S.
 * Wright, "Numerical optimization", 2006, algorithms 3.5 and 3.6, with the safeguards of minFunc, as PyTorch has them).
 * @param start the point at t = 0, where the line descends.
 * @param t where to look first.
 * @param at evaluates a point.
 * @param reach the largest change of a parameter at t = 1.
 * @param tolerance a bracket whose ends differ by less in every parameter is not searched further.
 * @param keep is told which points are still wanted.
 */
export function strongWolfe<P extends Point>(
  start: P,
  t: number,
  at: (t: number) => P,
  reach: number,
  tolerance: number,
  keep: (points: readonly P[]) => void,
): P {
  const tooHigh = (p: Point): boolean => p.loss > start.loss + DESCENT * p.t * start.slope;
  const flat = (p: Point): boolean => Math.abs(p.slope) <= -FLAT * start.slope;

  let before = start;
  let here = at(t);
  let points = 0;
  for (; points < MOST_POINTS; points++) {
    if (tooHigh(here) || (points > 1 && here.loss >= before.loss)) break;
    if (flat(here)) return here;
    if (here.slope >= 0) break;
    const next = lowest(before, here, here.t + 0.01 * (here.t - before.t), 10 * here.t);
    before = here;
    keep([start, before]);
    here = at(next);
  }
  if (points === MOST_POINTS) return start.loss <= here.loss ? start : here;

  // Between these two, of which the first has the lower value, lies a point that will do.
  let [low, high] = before.loss <= here.loss ? [before, here] : [here, before];
  let stuck = false;
  for (; points < MOST_POINTS; points++) {
    const [left, right] = low.t < high.t ? [low.t, high.t] : [high.t, low.t];
    if ((right - left) * reach < tolerance) break;
    let next = lowest(low, high, left, right);
    const margin = 0.1 * (right - left);
    if (Math.min(right - next, next - left) < margin) {
      // Too near to an end: once is let pass.
      if (stuck || next >= right || next <= left) {
        next = right - next < next - left ? right - margin : left + margin;
        stuck = false;
      } else stuck = true;
    } else stuck = false;
    keep([start, low, high]);
    here = at(next);
    if (tooHigh(here) || here.loss >= low.loss) {
      high = here;
      if (high.loss < low.loss) [low, high] = [high, low];
    } else {
      if (flat(here)) return here;
      if (here.slope * (high.t - low.t) >= 0) high = low;
      low = here;
    }
  }
  return low;
}
