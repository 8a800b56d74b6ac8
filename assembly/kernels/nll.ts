/** The negative log-likelihood of classes [n, inner] under log-probabilities [n, classes, inner]. */
import { shareStart } from "../loops";
import { checkClasses, sampleScale, weightOf } from "./loss";

/** losses = −w[y] · logProbs[y], sampleWeights = w[y]; both 0 where y is `ignoreIndex`. */
export function nll_f32(
  losses: usize,
  sampleWeights: usize,
  logProbs: usize,
  target: usize,
  weight: usize,
  n: i32,
  classes: i32,
  inner: i32,
  ignoreIndex: i32,
  part: i32,
  parts: i32,
): i32 {
  const bad = checkClasses(target, n * inner, classes, ignoreIndex);
  if (bad != 0) return bad;
  const end = shareStart(n * inner, 16, part + 1, parts);
  for (let at = shareStart(n * inner, 16, part, parts); at < end; at++) {
    const offset = (<usize>at) << 2;
    const y = load<i32>(target + offset);
    let loss: f32 = 0;
    let own: f32 = 0;
    if (y != ignoreIndex) {
      const i = at / inner;
      own = weightOf(weight, y);
      loss = -own * load<f32>(logProbs + (((<usize>i * classes + y) * inner + (at - i * inner)) << 2));
    }
    store<f32>(losses + offset, loss);
    store<f32>(sampleWeights + offset, own);
  }
  return 0;
}

/** dx = −g / total · w[y] at y, 0 elsewhere. */
export function nllGrad_f32(
  dx: usize,
  g: usize,
  gStride: i32,
  target: usize,
  weight: usize,
  total: usize,
  n: i32,
  classes: i32,
  inner: i32,
  ignoreIndex: i32,
  part: i32,
  parts: i32,
): i32 {
  const bad = checkClasses(target, n * inner, classes, ignoreIndex);
  if (bad != 0) return bad;
  const first = shareStart(n, 1, part, parts);
  const last = shareStart(n, 1, part + 1, parts);
  const size = (<usize>classes * inner) << 2;
  memory.fill(dx + size * first, 0, size * (last - first));
  for (let i = first; i < last; i++) {
    for (let j = 0; j < inner; j++) {
      const at = i * inner + j;
      const y = load<i32>(target + ((<usize>at) << 2));
      if (y == ignoreIndex) continue;
      const own = dx + (((<usize>i * classes + y) * inner + j) << 2);
      store<f32>(own, -sampleScale(g, gStride, total, at) * weightOf(weight, y));
    }
  }
  return 0;
}
