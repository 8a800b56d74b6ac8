import { noGrad } from "../autograd/mode.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { add } from "../ops/arithmetic.ts";
import { reshape, select } from "../ops/movement.ts";
import { logSoftmax } from "../ops/softmax.ts";
import { topk } from "../ops/sorting.ts";
import { tensor } from "../tensor/create.ts";
import { free, own } from "../tensor/lifetime.ts";
import { power } from "../tensor/scalar.ts";
import { formatShape } from "../tensor/shape.ts";
import { Tensor, view } from "../tensor/tensor.ts";
import { checkCount } from "./arguments.ts";
import { checkLogits, checkSampling, sample, type SampleOptions } from "./sample.ts";

/** What a step of generation gets beside the tokens that are new to it. */
export interface StepContext<S> {
  /** What the last step returned as its state; null in the first. */
  readonly state: S | null;
  /** All tokens so far, i32 [rows, time]: for models that look at the whole text anew each time. */
  readonly sequence: Tensor;
  /** In beam search, i32 [rows]: the row of the last step that each row goes on from. Null where each goes on from itself. */
  readonly rows: Tensor | null;
}

/**
 * A model's part in generation: the tokens that it has not seen, i32 [rows, time] (first the prompt, then one a call) → logits
 * [rows, vocabulary] or [rows, time, vocabulary], of which the last position counts; or these and a state, tensors or arrays and plain
 * objects of them, which the next call gets. It runs without gradients, and what else it makes is freed.
 */
export type Step<S> = (
  tokens: Tensor,
  context: StepContext<S>,
) => Tensor | readonly [logits: Tensor, state: S];

/** Runs a step again and again, and owns its state. */
class Steps<S> {
  readonly #name: string;
  readonly #step: Step<S>;
  #state: S | null = null;
  #handles: Tensor[] = [];

  constructor(name: string, step: Step<S>) {
    this.#name = name;
    this.#step = step;
  }

  /** Gives `use` the logits [rows, vocabulary] behind the sequences, of which the last `fresh` tokens are new. */
  run<T>(
    sequences: readonly (readonly number[])[],
    fresh: number,
    rows: readonly number[] | null,
    use: (logits: Tensor) => T,
  ): T {
    const handles: Tensor[] = [];
    let result: T;
    let state: S | null;
    try {
      [result, state] = noGrad(() => {
        const out = this.#step(table(sequences.map((s) => s.slice(-fresh))), {
          state: this.#state,
          sequence: table(sequences),
          rows: rows && tensor(Int32Array.from(rows)),
        });
        const [logits, next] = out instanceof Tensor ? [out, null] : out;
        return [use(this.#last(logits, sequences.length)), hold(next, handles) as S | null];
      });
    } catch (error) {
      release(handles);
      throw error;
    }
    this.end();
    this.#state = state;
    this.#handles = handles;
    return result;
  }

  #last(logits: Tensor, rows: number): Tensor {
    if ((logits.ndim !== 2 && logits.ndim !== 3) || logits.shape[0] !== rows || logits.size === 0) {
      throw new ShapeError(
        `${this.#name}: a step gives logits [${rows}, vocabulary] or [${rows}, time, vocabulary], got ${formatShape(logits.shape)}`,
      );
    }
    return logits.ndim === 3 ? select(logits, 1, -1) : logits;
  }

  /** Frees the state. */
  end(): void {
    release(this.#handles.splice(0));
  }
}

const table = (rows: readonly (readonly number[])[]): Tensor =>
  tensor(Int32Array.from(rows.flat()), { shape: [rows.length, (rows[0] as readonly number[]).length] });

/** The same structure with handles of our own, which no frame frees. */
function hold(value: unknown, handles: Tensor[]): unknown {
  if (value instanceof Tensor) {
    const handle = own(view(value, value.shape, value.strides, value.offset));
    handles.push(handle);
    return handle;
  }
  if (Array.isArray(value)) return value.map((part) => hold(part, handles));
  if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, hold(part, handles)]));
  return value;
}

function release(handles: readonly Tensor[]): void {
  for (const t of handles) free(t, "generation, which went on to the next token: a state lives for one step");
}

export interface GenerateOptions extends SampleOptions {
  /** Tokens to write at most. */
  maxNewTokens: number;
  /** Tokens that end the text; the one that does is its last. */
  stop?: number | readonly number[];
}

function checkPrompt(op: string, prompt: ArrayLike<number>): number[] {
  const tokens = Array.from(prompt);
  if (tokens.length === 0)
    throw new ValueError(`${op}: the prompt is empty (give it at least one token to go on from)`);
  for (const [i, token] of tokens.entries()) {
    if (!Number.isInteger(token) || token < 0)
      throw new ValueError(
        `${op}: tokens are whole numbers ≥ 0, got ${token} at position ${i} of the prompt`,
      );
  }
  return tokens;
}

const stopsOf = (stop: number | readonly number[] | undefined): ReadonlySet<number> =>
  new Set(typeof stop === "number" ? [stop] : stop);

/**
 * Writes on from a prompt, one token for each round of a loop, so that a program may show it, or wait for something, between two.
 * Options and errors are `generate`'s.
 * @example
 * for (const token of nn.stream(step, prompt, { maxNewTokens: 50 })) show(tokenizer.decode([token]));
 */
export function stream<S>(
  step: Step<S>,
  prompt: ArrayLike<number>,
  options: GenerateOptions,
): Generator<number, void, undefined> {
  const sampling = checkSampling("generate", options);
  checkCount("generate", "maxNewTokens", options.maxNewTokens);
  return walk(step, checkPrompt("generate", prompt), sampling, options);
}

function* walk<S>(
  step: Step<S>,
  tokens: number[],
  sampling: SampleOptions,
  { maxNewTokens, stop }: GenerateOptions,
): Generator<number, void, undefined> {
  const stops = stopsOf(stop);
  const steps = new Steps("generate", step);
  try {
    for (let made = 0; made < maxNewTokens; made++) {
      const fresh = made === 0 ? tokens.length : 1;
      const token = steps.run([tokens], fresh, null, (logits) => sample(logits, sampling).item());
      tokens.push(token);
      yield token;
      if (stops.has(token)) return;
    }
  } finally {
    steps.end();
  }
}

/**
 * Writes on from a prompt: draws a token by `sample` (temperature 0 takes the likeliest: greedy), lets the model see it, and so on.
 * @param prompt at least one token.
 * @param options.onToken called with each new token.
 * @returns the prompt and what follows it, i32.
 * @throws {ValueError} an empty prompt, an option out of its range, or logits with NaN; {ShapeError} logits of another shape.
 * @example
 * const cache = new nn.KVCache(256);
 * const tokens = nn.generate((x) => model.forward(x, cache), prompt, { maxNewTokens: 100, temperature: 0.8, topK: 40 });
 */
export function generate<S>(
  step: Step<S>,
  prompt: ArrayLike<number>,
  options: GenerateOptions & { onToken?: (token: number) => void },
): Int32Array {
  const tokens = Array.from(prompt);
  for (const token of stream(step, prompt, options)) {
    tokens.push(token);
    options.onToken?.(token);
  }
  return Int32Array.from(tokens);
}

export interface BeamSearchOptions extends Pick<GenerateOptions, "maxNewTokens" | "stop"> {
  /** Texts that are followed side by side. */
  beams: number;
  /** Power of the length that a text's log-probability is divided by: above 0 favours long texts. Default 1: the mean of a token. */
  lengthPenalty?: number;
}

/** A text that beam search found. */
export interface Beam {
  /** The prompt and what follows it. */
  readonly tokens: Int32Array;
  /** Log-probability of the new tokens. */
  readonly logProb: number;
  /** logProb / (new tokens)^lengthPenalty. */
  readonly score: number;
}

/**
 * Searches for the likeliest texts: follows the `beams` best beginnings at each length. It ends at maxNewTokens, or once no text that is
 * still open can get better than the `beams` best that have met a stop. A step with a state takes it to its new rows by `rows`:
 * `h.indexSelect(rows, { dim: 1 })`, or `cache.reorder(rows)`.
 * @returns at most `beams` texts, the best score first.
 * @throws {ValueError} an empty prompt, an option out of its range, or logits with NaN; {ShapeError} logits of another shape.
 * @example
 * const [best] = nn.beamSearch(step, prompt, { beams: 4, maxNewTokens: 20, stop: end });
 */
export function beamSearch<S>(step: Step<S>, prompt: ArrayLike<number>, options: BeamSearchOptions): Beam[] {
  const { beams, maxNewTokens, lengthPenalty = 1 } = options;
  const start = checkPrompt("beamSearch", prompt);
  checkCount("beamSearch", "beams", beams);
  checkCount("beamSearch", "maxNewTokens", maxNewTokens);
  if (!Number.isFinite(lengthPenalty))
    throw new ValueError(`beamSearch: lengthPenalty must be finite, got ${lengthPenalty}`);
  const stops = stopsOf(options.stop);
  const scored = (tokens: readonly number[], logProb: number): Beam => {
    const score = logProb / power(tokens.length - start.length, lengthPenalty);
    return { tokens: Int32Array.from(tokens), logProb, score };
  };

  let open: Open[] = [{ tokens: start, logProb: 0, row: 0 }];
  let done: Beam[] = [];
  const best = (list: Beam[]): Beam[] => list.sort((a, b) => b.score - a.score).slice(0, beams);
  const steps = new Steps("beamSearch", step);
  try {
    for (let made = 0; made < maxNewTokens && open.length > 0; made++) {
      const count = beams * (1 + stops.size);
      const rows = made === 0 ? null : open.map((o) => o.row);
      const next = steps.run(
        open.map((o) => o.tokens),
        made === 0 ? start.length : 1,
        rows,
        (logits) => candidates(logits, open, count),
      );
      open = [];
      for (const [rank, candidate] of next.entries()) {
        const { tokens, logProb } = candidate;
        if (stops.has(tokens.at(-1) as number)) {
          if (rank < beams) done.push(scored(tokens, logProb));
        } else if (open.length < beams) open.push(candidate);
      }
      done = best(done);
      const [first] = open;
      const worst = done.at(beams - 1);
      // No later token adds to a log-probability; only the division by the length can.
      const length = lengthPenalty > 0 ? maxNewTokens : made + 1;
      if (first && worst && first.logProb / power(length, lengthPenalty) <= worst.score) return done;
    }
  } finally {
    steps.end();
  }
  return best([...done, ...open.map((o) => scored(o.tokens, o.logProb))]);
}

/** A text that goes on, from a row of the last step. */
interface Open {
  readonly tokens: readonly number[];
  readonly logProb: number;
  readonly row: number;
}

/** The `count` likeliest ways on, best first. */
function candidates(logits: Tensor, open: readonly Open[], count: number): Open[] {
  const vocabulary = logits.shape[1] as number;
  const before = tensor(
    Float32Array.from(open, (o) => o.logProb),
    { shape: [open.length, 1] },
  );
  const flat = reshape(add(logSoftmax(logits, { dim: 1 }), before), [-1]);
  const [values, places] = topk(flat, Math.min(count, flat.size));
  checkLogits("beamSearch", select(values, 0, 0));
  const at = places.data;
  return Array.from(values.data, (logProb, i) => {
    const place = at[i] as number;
    const row = Math.floor(place / vocabulary);
    return { tokens: [...(open[row] as Open).tokens, place % vocabulary], logProb, row };
  }).filter((o) => o.logProb > -Infinity);
}
