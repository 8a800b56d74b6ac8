import { ShapeError, ValueError } from "../errors.ts";
import { build } from "../tensor/lifetime.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import { copyInto, type Tensor } from "../tensor/tensor.ts";
import type { ParamGroup, Rule } from "./group.ts";
import { checkLr } from "./group.ts";
import { pythonName } from "./options.ts";

/** What an optimiser's stateDict gives, in PyTorch's form and names. */
export interface OptimizerState {
  /** By the number of the parameter, counted through all groups. */
  readonly state: Readonly<Record<string, Readonly<Record<string, Tensor | number>>>>;
  /** Settings, and the numbers of the parameters. */
  readonly param_groups: readonly (Readonly<Record<string, unknown>> & {
    readonly params: readonly number[];
  })[];
}

interface AnyOptions {
  lr: number;
}

export function readState<O extends AnyOptions>(groups: readonly ParamGroup<O>[]): OptimizerState {
  const state: Record<string, Record<string, Tensor | number>> = {};
  let next = 0;
  const list = groups.map((group) => {
    const params = group.params.map((_, i) => {
      const entry = group.stateOf(i);
      if (entry !== null) state[next] = entry;
      return next++;
    });
    const settings = Object.entries(group.options).map(
      ([key, value]: [string, unknown]) => [pythonName(key), value] as const,
    );
    return {
      ...(Object.fromEntries(settings) as Record<string, unknown>),
      ...(group.initialLr === null ? {} : { initial_lr: group.initialLr }),
      params,
    };
  });
  return { state, param_groups: list };
}

/** What is to be done to one parameter once all has been found to fit. */
interface Entry {
  readonly step: number;
  readonly numbers: Record<string, number>;
  readonly tensors: Record<string, Tensor>;
}

export function loadState<O extends AnyOptions>(
  rule: Rule<O>,
  groups: readonly ParamGroup<O>[],
  { state, param_groups }: OptimizerState,
): void {
  const name = `${rule.name}.loadStateDict`;
  if (param_groups.length !== groups.length) {
    throw new ValueError(
      `${name}: the state has ${param_groups.length} groups and the optimiser ${groups.length}`,
    );
  }
  const plans = groups.map((group, g) => {
    const saved = param_groups[g] as OptimizerState["param_groups"][number];
    if (saved.params.length !== group.params.length) {
      throw new ValueError(
        `${name}: group ${g} has ${saved.params.length} parameters in the state and ${group.params.length} in the optimiser`,
      );
    }
    const settings = Object.entries(group.options).map(
      ([key, value]: [string, unknown]): [string, unknown] => [
        key,
        Object.hasOwn(saved, pythonName(key)) ? saved[pythonName(key)] : value,
      ],
    );
    const options = Object.fromEntries(settings) as unknown as O;
    checkLr(options.lr);
    rule.check(options);
    const initialLr = (saved as { initial_lr?: number }).initial_lr ?? null;
    const entries = group.params.map((p, i) => {
      const id = saved.params[i] as number;
      const entry = state[id];
      return entry === undefined ? null : readEntry(`${name}: state ${id}`, rule, options, entry, p);
    });
    return { options, initialLr, entries };
  });
  build(name, () => {
    for (const [g, { options, initialLr, entries }] of plans.entries()) {
      const group = groups[g] as ParamGroup<O>;
      group.change(options);
      group.initialLr = initialLr;
      for (const [i, entry] of entries.entries()) {
        // The state may be the optimiser's own.
        if (entry === null || entry.step === 0) group.reset(i);
        else {
          group.setNumbers(i, entry.step, entry.numbers);
          const now = group.stateOf(i) ?? {};
          for (const [key, t] of Object.entries(entry.tensors)) {
            const to = now[key] as Tensor;
            if (to.ptr !== t.ptr) copyInto(to, t);
          }
        }
      }
    }
  });
}

function readEntry<O>(
  where: string,
  rule: Rule<O>,
  options: O,
  entry: Readonly<Record<string, Tensor | number | null>>,
  p: Tensor,
): Entry {
  const tensors: Record<string, Tensor> = {};
  for (const [key, start] of Object.entries(rule.state(options))) {
    if (start === undefined) continue;
    const t = Object.hasOwn(entry, key) ? entry[key] : undefined;
    if (typeof t !== "object" || t === null) throw new ValueError(`${where} has no tensor ${key}`);
    if (!sameShape(t.shape, p.shape) || t.dtype !== "f32") {
      throw new ShapeError(
        `${where}: ${key} is ${t.dtype} ${formatShape(t.shape)}, and the parameter f32 ${formatShape(p.shape)}`,
      );
    }
    tensors[key] = t;
  }
  const numbers: Record<string, number> = {};
  for (const key of Object.keys(rule.numbers ?? {})) {
    const value = numberOf(entry[key]);
    if (value === null) throw new ValueError(`${where} has no number ${key}`);
    numbers[key] = value;
  }
  // PyTorch's SGD keeps no count; all that matters is that there was a step.
  const step = numberOf(entry["step"]) ?? 1;
  if (!Number.isInteger(step) || step < 0)
    throw new ValueError(`${where}: step must be a whole number ≥ 0, got ${step}`);
  return { step, numbers, tensors };
}

/** PyTorch keeps counts in tensors. */
function numberOf(value: Tensor | number | null | undefined): number | null {
  if (value === undefined || value === null) return null;
  return typeof value === "number" ? value : value.item();
}
