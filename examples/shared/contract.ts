/** What an example is, so that one command runs them all and one test holds them to what they state. */

/** What a run is given. */
export interface Context {
  /** All randomness comes from it. */
  readonly seed: number;
  /** A short version, for tests: less data and fewer steps, with a bar of its own. */
  readonly quick: boolean;
  /** Ends training after the running step. */
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
  /** Writes a model or a report into the example's folder under out/. */
  readonly save: (file: string, content: Uint8Array | string) => void;
  /** Saves a picture; with --pictures also beside the example's page, which shows it. */
  readonly picture: (file: string, content: Uint8Array | string) => void;
}

/** A figure that the example states and must reach. */
export interface Result {
  readonly what: string;
  readonly value: number;
  readonly unit?: string;
  /** The bar. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Example {
  /** One line for the list. */
  readonly title: string;
  run(context: Context): Promise<readonly Result[]>;
}

export const reached = ({ value, atLeast = -Infinity, atMost = Infinity }: Result): boolean =>
  value >= atLeast && value <= atMost;

const figure = (value: number, unit = ""): string => `${Number(value.toPrecision(4))}${unit}`;

/** A result as a line: figure, bar, and whether it was reached. */
export function describe(result: Result): string {
  const { what, value, unit, atLeast, atMost } = result;
  const bars = [
    ...(atLeast === undefined ? [] : [`at least ${figure(atLeast, unit)}`]),
    ...(atMost === undefined ? [] : [`at most ${figure(atMost, unit)}`]),
  ];
  const verdict =
    bars.length === 0 ? "" : ` (${bars.join(", ")}: ${reached(result) ? "reached" : "NOT reached"})`;
  return `${what}: ${figure(value, unit)}${verdict}`;
}
