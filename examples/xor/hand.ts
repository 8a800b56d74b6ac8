import { tensor } from "simdgrad";

/**
 * One gradient by hand and by backward(): a chain of two neurons, hidden h = tanh(w·x) and output y = v·h, whose answer should have been
 * t, so that the loss is L = (y − t)².
 */
export function twoGradients(): { byHand: number; byBackward: number } {
  const [x, t] = [2, 1];
  const w = tensor(0.5, { requiresGrad: true });
  const v = tensor(-1.5, { requiresGrad: true });
  const loss = w.mul(x).tanh().mul(v).sub(t).square();
  loss.backward();

  // Forward, then back from the loss: how much L changes with y, y with h, h with the sum w·x, the sum with w.
  const h = Math.tanh(0.5 * x); //      0.7616
  const y = -1.5 * h; //               −1.1424
  const ofY = 2 * (y - t); //          −4.2848
  const ofH = ofY * -1.5; //            6.4272
  const ofSum = ofH * (1 - h * h); //   2.6992
  const ofW = ofSum * x; //             5.3985
  return { byHand: ofW, byBackward: w.grad?.item() ?? NaN };
}
