import { ValueError } from "../errors.ts";

/** Checks a number of an optimiser's or a schedule's options. */
export function checkNumber(what: string, value: number, least = 0, below = Infinity): number {
  if (!(value >= least && value < below)) {
    throw new ValueError(
      `${what} must be a number ≥ ${least}${below === Infinity ? "" : ` and < ${below}`}, got ${value}`,
    );
  }
  return value;
}

/** Checks a count. */
export function checkCount(what: string, value: number, least: number): number {
  if (!Number.isInteger(value) || value < least)
    throw new ValueError(`${what} must be a whole number ≥ ${least}, got ${value}`);
  return value;
}

/** The options with their defaults; what is undefined counts as left out, and what nobody knows is refused by name. */
export function withDefaults<O extends object>(
  name: string,
  defaults: O,
  given: Readonly<Partial<O>>,
  alsoKnown: readonly string[] = [],
): O {
  const known = [...Object.keys(defaults), ...alsoKnown];
  const set = Object.entries(given).filter(([key, value]) => {
    if (!known.includes(key))
      throw new ValueError(`${name}: there is no option "${key}"; there are ${known.join(", ")}`);
    return value !== undefined;
  });
  return { ...defaults, ...Object.fromEntries(set) };
}

/** PyTorch's spelling of an option: weightDecay as weight_decay, tMax as T_max. */
export function pythonName(option: string): string {
  const snake = option.replace(/[A-Z0-9]/g, (c) => `_${c.toLowerCase()}`);
  return snake.replace(/^t_/, "T_");
}

/** Checks the two betas of Adam and its kin. */
export function checkBetas(name: string, betas: readonly number[]): void {
  if (betas.length !== 2)
    throw new ValueError(`${name}: betas must be two numbers, got ${betas.length} (such as [0.9, 0.999])`);
  for (const [i, beta] of betas.entries()) checkNumber(`${name}: betas[${i}]`, beta, 0, 1);
}
