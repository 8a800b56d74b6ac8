import { AutogradError, ValueError } from "../errors.ts";
import { tensor } from "../tensor/create.ts";
import { runScope } from "../tensor/lifetime.ts";
import { Tensor } from "../tensor/tensor.ts";
import { grad } from "./backward.ts";
import { withGrad } from "./mode.ts";

export interface GradcheckOptions {
  /** Step of the difference quotients, times max(1, |x|). Default 5e-3. */
  eps?: number;
  /** Absolute error that is allowed. Default 1e-3. */
  atol?: number;
  /** Error that is allowed relative to the difference quotient. Default 1e-2. */
  rtol?: number;
  /** Throw on a difference (default), or return false. */
  raise?: boolean;
}

type Checked = (...inputs: Tensor[]) => Tensor | readonly Tensor[];

/** The share of the step with which elements that differ are measured once more: next to a kink, only a small step is right. */
const RETRY = 1 / 8;

/** Fixed weights of both signs, from ½ to 1½: the scalar whose gradient is checked depends on every element differently. */
function weights(n: number): Float32Array {
  let state = 12345;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const size = 0.5 + (state >>> 1) / 2 ** 31;
    return state & 0x10000 ? size : -size;
  });
}

const listOf = (out: Tensor | readonly Tensor[]): readonly Tensor[] => (out instanceof Tensor ? [out] : out);

class Check {
  private readonly fn: Checked;
  private readonly inputs: readonly Tensor[];
  /** Which inputs are checked, and their values. */
  readonly targets: readonly number[];
  readonly values: readonly Float32Array[];

  constructor(op: string, fn: Checked, inputs: readonly Tensor[]) {
    this.fn = fn;
    this.inputs = inputs;
    this.targets = inputs.flatMap((t, i) => (t.requiresGrad ? [i] : []));
    if (this.targets.length === 0)
      throw new AutogradError(`${op}: no input requires gradients; set requiresGrad on those to be checked`);
    this.values = this.targets.map((i) => (inputs[i] as Tensor).data as Float32Array);
  }

  /** Calls the function on fresh leaves. */
  private call(): { leaves: Tensor[]; outputs: Tensor[] } {
    const given = [...this.inputs];
    const leaves = this.targets.map((i, j) => {
      const { shape } = this.inputs[i] as Tensor;
      return (given[i] = tensor(this.values[j] as Float32Array, { shape, requiresGrad: true }));
    });
    const outputs = listOf(this.fn(...given)).filter((t) => t.dtype === "f32");
    return { leaves, outputs };
  }

  evaluate(): Float32Array[] {
    return runScope("gradcheck", () =>
      withGrad(true, () => this.call().outputs.map((t) => t.data as Float32Array)),
    );
  }

  /** The gradients of the weighted sum of all results. */
  analytic(): Float32Array[] {
    return runScope("gradcheck", () =>
      withGrad(true, () => {
        const { leaves, outputs } = this.call();
        const all = weights(outputs.reduce((n, t) => n + t.size, 0));
        let at = 0;
        const roots: Tensor[] = [];
        const gradOutputs: Tensor[] = [];
        for (const t of outputs) {
          const own = all.subarray(at, (at += t.size));
          if (!t.requiresGrad) continue;
          roots.push(t);
          gradOutputs.push(tensor(own, { shape: t.shape }));
        }
        const found = roots.length === 0 ? [] : grad(roots, leaves, { gradOutputs, allowUnused: true });
        return leaves.map(
          (leaf, j) => (found[j]?.data as Float32Array | undefined) ?? new Float32Array(leaf.size),
        );
      }),
    );
  }

  /** The central difference quotient of the weighted sum; differences are taken result by result, in double precision. */
  quotient(j: number, at: number, eps: number): number {
    const values = this.values[j] as Float32Array;
    const x = values[at] as number;
    const step = eps * Math.max(1, Math.abs(x));
    values[at] = x + step;
    const high = values[at];
    const above = this.evaluate();
    values[at] = x - step;
    const low = values[at];
    const below = this.evaluate();
    values[at] = x;
    const all = weights(above.reduce((n, out) => n + out.length, 0));
    let sum = 0;
    let k = 0;
    above.forEach((out, o) => {
      out.forEach((a, i) => {
        const difference = a - ((below[o] as Float32Array)[i] as number);
        sum += (all[k++] as number) * difference;
      });
    });
    return sum / (high - low);
  }

  where(j: number, at: number): string {
    const { shape } = this.inputs[this.targets[j] as number] as Tensor;
    const index = new Array<number>(shape.length);
    let rest = at;
    for (let d = shape.length - 1; d >= 0; d--) {
      index[d] = rest % (shape[d] as number);
      rest = Math.floor(rest / (shape[d] as number));
    }
    return `input ${this.targets[j]} at [${index.join(", ")}]`;
  }
}

function run(op: string, fn: Checked, inputs: readonly Tensor[], options: GradcheckOptions): boolean {
  const { eps = 5e-3, atol = 1e-3, rtol = 1e-2, raise = true } = options;
  if (!(eps > 0 && atol >= 0 && rtol >= 0))
    throw new ValueError(`${op}: eps must be > 0, atol and rtol ≥ 0, got ${eps}, ${atol} and ${rtol}`);
  const check = new Check(op, fn, inputs);
  const [once, twice] = [check.evaluate(), check.evaluate()];
  if (once.some((out, o) => out.some((v, i) => !Object.is(v, (twice[o] as Float32Array)[i]))))
    throw new AutogradError(
      `${op}: the function gives other values when called again; call manualSeed() inside it`,
    );
  const got = check.analytic();
  let count = 0;
  let bad = 0;
  let worst = { excess: -1, says: "" };
  for (const [j, gradient] of got.entries()) {
    for (const [at, g] of gradient.entries()) {
      count++;
      const off = (q: number): number => Math.abs(g - q) - (atol + rtol * Math.abs(q));
      let quotient = check.quotient(j, at, eps);
      if (off(quotient) <= 0) continue;
      const closer = check.quotient(j, at, eps * RETRY);
      if (off(closer) <= 0) continue;
      if (off(closer) < off(quotient)) quotient = closer;
      bad++;
      const excess = Number.isNaN(off(quotient)) ? Infinity : off(quotient);
      if (excess <= worst.excess) continue;
      worst = {
        excess,
        says: `the gradient of ${check.where(j, at)} is ${g}, the difference quotient ${quotient}`,
      };
    }
  }
  if (bad === 0) return true;
  if (!raise) return false;
  throw new AutogradError(
    `${op}: ${worst.says} (${bad} of ${count} elements differ by more than ${atol} + ${rtol}·|quotient|); correct the gradient rule, or move the inputs away from kinks`,
  );
}

/**
 * Checks the gradients of `fn` against central difference quotients in f32: those of a fixed weighted sum of all results with respect to
 * every element of the inputs that require gradients. An element passes if it lies within atol + rtol·|quotient|; one that does not is
 * measured again with an eighth of the step, for kinks. The defaults suit inputs and results of the order of 1: a step of 5e-3 leaves a
 * rounding error of about 1e-5 and a truncation error of about 4e-6 times the third derivative. After torch.autograd.gradcheck.
 * @param fn a deterministic function of the inputs that returns a tensor or an array of them.
 * @returns true, or false with `{ raise: false }`.
 * @throws {AutogradError} a gradient differs: names the worst element; or no input requires gradients, or `fn` is not deterministic.
 * @example
 * gradcheck((x, w) => myOp(x, w), [randn([2, 3], { requiresGrad: true }), randn([3], { requiresGrad: true })]);
 */
export const gradcheck = (fn: Checked, inputs: readonly Tensor[], options: GradcheckOptions = {}): boolean =>
  run("gradcheck", fn, inputs, options);

/**
 * Checks gradients of gradients as `gradcheck` does: those of the gradients of a fixed weighted sum of the results of `fn`.
 * @returns true, or false with `{ raise: false }`.
 * @throws {AutogradError} as gradcheck, and where the results do not depend on the inputs.
 * @example
 * gradgradcheck((x) => x.tanh(), [randn([4], { requiresGrad: true })]);
 */
export function gradgradcheck(
  fn: Checked,
  inputs: readonly Tensor[],
  options: GradcheckOptions = {},
): boolean {
  const first: Checked = (...given) => {
    const roots = listOf(fn(...given)).filter((t) => t.requiresGrad);
    if (roots.length === 0)
      throw new AutogradError("gradgradcheck: no result of the function requires gradients");
    const gradOutputs = roots.map((t) => tensor(weights(t.size), { shape: t.shape }));
    const targets = given.filter((t) => t.requiresGrad);
    return grad(roots, targets, { gradOutputs, createGraph: true, allowUnused: true }).filter(
      (g) => g !== null,
    );
  };
  return run("gradgradcheck", first, inputs, options);
}
