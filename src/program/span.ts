/** Is told which op commands belong to: a profile. */
export interface Spans {
  /** Runs what an op, or an op's gradient rule, is made of. */
  span<T>(name: string, fn: () => T): T;
}

/** Null unless somebody listens: the one check that it costs then. */
export let spans: Spans | null = null;

/** Runs `fn` with every op told to `next`. */
export function withSpans<T>(next: Spans, fn: () => T): T {
  const before = spans;
  spans = next;
  try {
    return fn();
  } finally {
    spans = before;
  }
}
