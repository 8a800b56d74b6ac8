import { DTypeError } from "../errors.ts";
import { catchLater, free, touch } from "../tensor/lifetime.ts";
import { trace } from "../tensor/sites.ts";
import { Tensor } from "../tensor/tensor.ts";

/** A tensor that training changes: a leaf that requires a gradient and that nothing frees but its module's dispose(). */
export class Parameter extends Tensor {
  /** Takes over the values of `t`, which must be dense f32; `t` itself is used up. */
  constructor(t: Tensor) {
    touch(t, "Parameter");
    if (t.dtype !== "f32" || !t.isContiguous) {
      throw new DTypeError(
        `Parameter: takes a dense f32 tensor, got ${t.dtype}${t.isContiguous ? "" : ", strided"}`,
      );
    }
    super(t.storage.retain(), t.offset, t.shape, t.strides, t.dtype);
    free(t, "Parameter(…), which took it over");
    this.kept = true;
    this.requiresGrad = true;
    trace(this);
    catchLater(this);
  }
}
