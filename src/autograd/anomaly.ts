import { AutogradError } from "../errors.ts";
import { nonFinite_f32 } from "../program/kernels.gen.ts";
import { callSite } from "../tensor/callsite.ts";
import { collectTensors, openFrame, closeFrame, runScope } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { contiguous, type Tensor } from "../tensor/tensor.ts";
import { f32 } from "../wasm/views.ts";
import type { Node } from "./node.ts";
import { setWatch, watch, type Watch } from "./watch.ts";

export interface AnomalyOptions {
  /** Look for NaN alone, where infinities belong to the method (masks of −Infinity, log 0). Default false. */
  nanOnly?: boolean;
}

const NONE: ReadonlySet<Tensor> = new Set<Tensor>();

/** The first value that is refused, as words; null where there is none. */
function firstBad(t: Tensor, nanOnly: boolean): string | null {
  if (t.dtype !== "f32" || t.size === 0 || t.freedBy !== null) return null;
  const mark = openFrame();
  try {
    const dense = contiguous(t);
    const code = nonFinite_f32(dense.ptr, dense.size, Number(nanOnly));
    return code === 0 ? null : `${f32[(dense.ptr >>> 2) + code - 1] as number} at element ${code - 1}`;
  } finally {
    closeFrame(mark, NONE, "anomalyMode");
  }
}

const shapes = (tensors: readonly { readonly shape: readonly number[] }[]): string =>
  tensors.map((t) => formatShape(t.shape)).join(", ");

const called = (site: string | null): string => (site ? `, called at ${site}` : "");

/** Where the user's code called, "" where that cannot be told. */
const here = (): string => (callSite() ?? "").replace(/^at /, "");

class Anomalies implements Watch {
  private readonly nanOnly: boolean;
  /** Composite ops and backward passes that are running. */
  private inside = 0;

  constructor({ nanOnly = false }: AnomalyOptions) {
    this.nanOnly = nanOnly;
  }

  site(): string {
    return here();
  }

  results(op: string, inputs: readonly Tensor[], outputs: readonly Tensor[]): void {
    if (this.inside > 0) return;
    for (const [i, t] of outputs.entries()) {
      const bad = firstBad(t, this.nanOnly);
      if (bad === null) continue;
      const which = outputs.length > 1 ? `result ${i}` : "its result";
      for (const [at, input] of inputs.entries()) {
        const given = firstBad(input, this.nanOnly);
        if (given === null) continue;
        throw new AutogradError(
          `${op}: was given ${given} of input ${at} ${formatShape(input.shape)}, which no op made${called(here())} (anomaly mode); look at the data, or at a parameter that a step has spoilt`,
        );
      }
      const from = inputs.length > 0 ? ` from inputs of shape ${shapes(inputs)}` : "";
      throw new AutogradError(
        `${op}: made ${bad} of ${which} ${formatShape(t.shape)}${from}${called(here())} (anomaly mode); hold its input in its range, or pass { nanOnly: true } if infinities are meant`,
      );
    }
  }

  composite<T>(op: string, fn: () => T): () => T {
    return () => {
      this.inside++;
      let result: T;
      try {
        result = fn();
      } finally {
        this.inside--;
      }
      this.results(op, [], [...collectTensors(result, new Set<Tensor>())]);
      return result;
    };
  }

  pass(fn: () => void): void {
    this.inside++;
    try {
      fn();
    } finally {
      this.inside--;
    }
  }

  arrived(node: Node, grads: readonly (Tensor | null)[]): void {
    for (const [i, g] of grads.entries()) {
      const bad = g && firstBad(g, this.nanOnly);
      if (!bad) continue;
      throw new AutogradError(
        `backward: the gradient of ${node.name}'s result ${formatShape(node.outputShapes[i] as readonly number[])} has ${bad}${called(node.site)} (anomaly mode); no op's rule made it: it is the gradient that backward was given, a hook's, or a sum that overflowed`,
      );
    }
  }

  rule(node: Node, grads: readonly (Tensor | null)[]): void {
    for (const [i, g] of grads.entries()) {
      const bad = g && node.needs(i) ? firstBad(g, this.nanOnly) : null;
      if (bad === null) continue;
      throw new AutogradError(
        `${node.name}: its gradient rule made ${bad} of the gradient of input ${i}, inputs of shape ${shapes(node.shapes.map((shape) => ({ shape })))}${called(node.site)} (anomaly mode); keep its input away from where its slope is not finite`,
      );
    }
  }
}

/**
 * Turns on, or off, the search for the op that first makes a NaN or an infinity: then the op throws, or in backward the op whose gradient
 * rule made it, with its name, the shapes of its inputs and the place in your code where it was called. It looks at every result and
 * takes a stack trace for every recorded op, so it is for debugging; off, it costs one check for null an op.
 *
 * Looked at are results of whole ops: what a composite op (a loss, an attention) makes on the way may be infinite. Ops that are recorded
 * before it is turned on have no place to tell.
 * @example
 * setAnomalyMode(true);
 * x.sub(1).sqrt(); // AutogradError: sqrt: made NaN at element 0 of its result [3] …
 */
export function setAnomalyMode(on: boolean, options: AnomalyOptions = {}): void {
  setWatch(on ? new Anomalies(options) : null);
}

/**
 * Runs `fn` with anomaly mode on (see `setAnomalyMode`), as a scope: what it makes and does not return is freed at its end.
 * @param fn a synchronous function.
 * @throws {AutogradError} an op or a gradient rule made a NaN or an infinity.
 * @example
 * anomalyMode(() => loss(model.forward(x), y).backward());
 */
export function anomalyMode<T>(fn: () => T, options: AnomalyOptions = {}): T {
  const before = watch;
  setWatch(new Anomalies(options));
  try {
    return runScope("anomalyMode", fn);
  } finally {
    setWatch(before);
  }
}

/** Whether anomaly mode is on. */
export const isAnomalyMode = (): boolean => watch !== null;
