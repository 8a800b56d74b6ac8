import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { where_32, where_8 } from "../program/kernels.gen.ts";
import { bytesOf, promote } from "../tensor/dtype.ts";
import { broadcastShapes, broadcastStrides, collapse } from "../tensor/shape.ts";
import { empty, type Tensor } from "../tensor/tensor.ts";
import { castTo } from "./cast.ts";
import { withOperands } from "./define.ts";
import { sumTo } from "./reduce.ts";

const whereRecord: OpRecord<null> = {
  name: "where",
  forward(inputs) {
    const condition = castTo(inputs[0] as Tensor, "bool");
    const dtype = promote((inputs[1] as Tensor).dtype, (inputs[2] as Tensor).dtype);
    const x = castTo(inputs[1] as Tensor, dtype);
    const y = castTo(inputs[2] as Tensor, dtype);
    const shape = broadcastShapes("where", broadcastShapes("where", condition.shape, x.shape), y.shape);
    const out = empty(shape, dtype);
    if (out.size === 0) return out;
    const dims = collapse(
      shape,
      [condition, x, y].map((t) => broadcastStrides(t.shape, t.strides, shape)),
    );
    (bytesOf(dtype) === 4 ? where_32 : where_8)(out.ptr, condition.ptr, x.ptr, y.ptr, dims);
    return out;
  },
  saves: { inputs: [0] },
  vjp: ([g], s) => {
    const on = s.input(0);
    return [
      null,
      s.needs(1) ? sumTo(where(on, g as Tensor, 0), s.shape(1)) : null,
      s.needs(2) ? sumTo(where(on, 0, g as Tensor), s.shape(2)) : null,
    ];
  },
};

/**
 * x where the condition is true, else y; all three broadcast. Gradients flow to the chosen operand only. A condition of another dtype is
 * true where it is not 0.
 * @returns the dtype that x and y promote to.
 * @throws {ShapeError} shapes that do not broadcast.
 * @example
 * const x = tensor([-1, 2, 3]);
 * where(gt(x, 0), x, 0); // [0, 2, 3]
 */
export const where: {
  (condition: Tensor, x: Tensor, y: Tensor | number): Tensor;
  (condition: Tensor, x: number, y: Tensor): Tensor;
  readonly record: OpRecord<null>;
} = /* @__PURE__ */ Object.assign(
  (condition: Tensor, x: Tensor | number, y: Tensor | number): Tensor =>
    withOperands(x, y, (a, b) => apply(whereRecord, [condition, a, b], null)),
  { record: whereRecord },
);
