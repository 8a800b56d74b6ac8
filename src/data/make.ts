import { abandonFrame, dissolveFrame, openFrame } from "../tensor/lifetime.ts";
import type { Dataset, SampleRequest } from "./dataset.ts";
import { claim, collate, own, release, type Owned } from "./sample.ts";

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** A promise that has failed: an error, or whatever else was thrown, at its place among promises. */
export const rejection = (error: unknown): Promise<never> =>
  Promise.resolve().then(() => {
    throw error;
  });

/** A batch, or one that is on its way. */
export type Making<S> = Owned<S> | Promise<Owned<S>>;

/** Asks a dataset for a batch. The caller releases what it gets. */
export function makeBatch<S>(dataset: Dataset<S>, indices: Int32Array, request: SampleRequest): Making<S> {
  const mark = openFrame();
  let answers: (S | Promise<S>)[];
  try {
    answers = dataset.batch ? [dataset.batch(indices, request)] : askEach(dataset, indices, request);
  } catch (error) {
    abandonFrame(mark, "the DataLoader, as its dataset failed to make a batch");
    throw error;
  }
  const join = (samples: readonly S[]): S => (dataset.batch ? (samples[0] as S) : collate(samples, indices));
  if (answers.some(isPromise)) {
    dissolveFrame(mark);
    return gather(answers, join);
  }
  return own(() => join(answers as S[]), mark);
}

function askEach<S>(dataset: Dataset<S>, indices: Int32Array, request: SampleRequest): (S | Promise<S>)[] {
  const answers: (S | Promise<S>)[] = [];
  for (const index of indices) {
    try {
      answers.push(dataset.get(index, request));
    } catch (error) {
      if (!answers.some(isPromise)) throw error;
      // Those that are under way are waited for, so that what they bring is freed.
      answers.push(rejection(error));
      break;
    }
  }
  return answers;
}

/** Each answer is taken over as it arrives: the memory rule would free what waits for long. */
async function gather<S>(
  answers: readonly (S | Promise<S>)[],
  join: (samples: readonly S[]) => S,
): Promise<Owned<S>> {
  const settled = await Promise.allSettled(
    answers.map(async (answer) => claim(isPromise(answer) ? await answer : answer)),
  );
  const parts = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  try {
    for (const result of settled) if (result.status === "rejected") throw result.reason;
    return own(() => join(parts.map(({ sample }) => sample)));
  } finally {
    for (const { tensors } of parts) release(tensors);
  }
}
