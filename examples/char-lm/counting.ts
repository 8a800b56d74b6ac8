/**
 * The loss of a model that only counts, in nats a character: what came how often after the last `context` characters of the training text. A
 * character that never came there counts as if it had once in a hundred times.
 */
export function lossOfCounting(
  training: Int32Array,
  validation: Int32Array,
  vocabSize: number,
  context: number,
): number {
  const place = (tokens: Int32Array, at: number): number =>
    tokens.subarray(at - context, at + 1).reduce((sum, token) => sum * vocabSize + token, 0);
  const places = vocabSize ** context;
  const counts = new Uint32Array(places * vocabSize);
  const totals = new Uint32Array(places);
  for (let at = context; at < training.length; at++) {
    const i = place(training, at);
    counts[i] = (counts[i] ?? 0) + 1;
    const before = Math.floor(i / vocabSize);
    totals[before] = (totals[before] ?? 0) + 1;
  }
  let sum = 0;
  for (let at = context; at < validation.length; at++) {
    const i = place(validation, at);
    const total = totals[Math.floor(i / vocabSize)] ?? 0;
    sum -= Math.log(((counts[i] ?? 0) + 0.01) / (total + 0.01 * vocabSize));
  }
  return sum / (validation.length - context);
}
