import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ValueError } from "../errors.ts";
import { dropout_f32, dropoutGrad_f32 } from "../program/kernels.gen.ts";
import { draw } from "../tensor/random.ts";
import { contiguous, empty, type Tensor } from "../tensor/tensor.ts";
import { castTo } from "./cast.ts";

const dropoutRecord: OpRecord<number> = {
  name: "dropout",
  forward([input], p, extras) {
    const x = contiguous(castTo(input as Tensor, "f32"));
    const out = empty(x.shape, "f32");
    const mask = empty(x.shape, "u8");
    extras.push(mask);
    if (out.size > 0) draw(out.size, (state) => dropout_f32(out.ptr, mask.ptr, x.ptr, x.size, p, state));
    return out;
  },
  vjp: ([g], s, p) => [apply(dropoutGradRecord, [g as Tensor, s.extra(0)], p)],
};

const dropoutGradRecord: OpRecord<number> = {
  name: "dropoutGrad",
  forward([gradient, mask], p) {
    const g = contiguous(gradient as Tensor);
    const out = empty(g.shape, "f32");
    if (out.size > 0) dropoutGrad_f32(out.ptr, g.ptr, (mask as Tensor).ptr, g.size, p);
    return out;
  },
  saves: { inputs: [1] },
  vjp: ([v], s, p) => [apply(dropoutGradRecord, [v as Tensor, s.input(1)], p), null],
};

/**
 * Zeroes elements with probability p and scales the rest by 1/(1 − p), drawn from the stream of manualSeed. Without `training` the input
 * itself. p is 0.5 and training true by default (Srivastava et al. 2014).
 * @throws {ValueError} p outside [0, 1].
 * @example
 * dropout(ones([2, 3]), { p: 0.25 }).shape; // [2, 3]
 * dropout(tensor([1, 2]), { training: false }); // [1, 2]
 */
export const dropout = /* @__PURE__ */ Object.assign(
  (x: Tensor, options: { p?: number; training?: boolean } = {}): Tensor => {
    const p = options.p ?? 0.5;
    if (!(p >= 0 && p <= 1)) throw new ValueError(`dropout: p must lie in [0, 1], got ${p}`);
    return (options.training ?? true) && p > 0 ? apply(dropoutRecord, [x], p) : x;
  },
  { record: dropoutRecord },
);
