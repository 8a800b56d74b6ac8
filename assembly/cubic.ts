/** Keys' cubic for |t| ≤ 1 and for 1 ≤ |t| ≤ 2, with a slope of −¾ at 1, as PyTorch and OpenCV have it. */
export function cubic(t: f64): f64 {
  const u = abs(t);
  if (u <= 1) return (1.25 * u - 2.25) * u * u + 1;
  return ((-0.75 * u + 3.75) * u - 6) * u + 3;
}
