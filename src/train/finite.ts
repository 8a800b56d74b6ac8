import { scope } from "../autograd/mode.ts";
import { NonFiniteError } from "../errors.ts";
import type { Module } from "../nn/module.ts";
import { nonFinite_f32 } from "../program/kernels.gen.ts";
import { touch } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { contiguous, type Tensor } from "../tensor/tensor.ts";
import { f32 } from "../wasm/views.ts";

/** Where training is, counted from 1. */
export interface Position {
  readonly epoch: number;
  readonly step: number;
}

const WAY_OUT =
  "the parameters are as they were before this step (try a smaller learning rate or clipGradNorm; look for a bad sample; anomalyMode() finds the op)";

/**
 * Refuses a loss that is NaN or infinite.
 * @throws {NonFiniteError}
 */
export function checkLoss(loss: number, at: Position): void {
  if (Number.isFinite(loss)) return;
  throw new NonFiniteError(`fit: the loss is ${loss} at epoch ${at.epoch}, step ${at.step}; ${WAY_OUT}`, at);
}

/** `checkLoss` of the tensor itself, which works in compiled steps, too. */
export function checkLossTensor(loss: Tensor, at: Position): void {
  touch(loss, "checkLoss");
  const value = scope(() => firstBad(contiguous(loss)));
  if (value !== null)
    throw new NonFiniteError(
      `fit: the loss is ${value} at epoch ${at.epoch}, step ${at.step}; ${WAY_OUT}`,
      at,
    );
}

/**
 * Refuses gradients with NaN or infinities in them; call it between backward() and step().
 * @param parameters those that the step will change; default the model's.
 * @throws {NonFiniteError} names the first such parameter.
 */
export function checkGradients(
  model: Module,
  at: Position,
  parameters: Iterable<Tensor> = model.parameters(),
): void {
  for (const p of parameters) {
    const { grad } = p;
    if (grad === null || grad.dtype !== "f32") continue;
    touch(grad, "checkGradients");
    const value = grad.isContiguous ? firstBad(grad) : scope(() => firstBad(contiguous(grad)));
    if (value === null) continue;
    const [name] = [...model.namedParameters()].find(([, t]) => t === p) ?? [
      `a parameter ${formatShape(p.shape)}`,
    ];
    throw new NonFiniteError(
      `fit: the gradient of ${name} has ${value} at epoch ${at.epoch}, step ${at.step}; ${WAY_OUT}`,
      at,
    );
  }
}

/** The first value of a dense tensor that is no number or infinite; null for none. */
function firstBad(t: Tensor): string | null {
  const code = nonFinite_f32(t.ptr, t.size, 0);
  if (code === 0) return null;
  const value = f32[(t.ptr >>> 2) + code - 1] as number;
  // When the program of a compiled step has failed, the value is there and not here.
  return Number.isFinite(value) ? "NaN or infinite" : String(value);
}
