import { apply } from "../autograd/apply.ts";
import type { OpRecord, Saved } from "../autograd/node.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Ptr } from "../wasm/heap.ts";
import { mul } from "./arithmetic.ts";
import { mapF32, mapPair, savesOf } from "./define.ts";
import { where } from "./select.ts";

/** A fused derivative: g times f′ at the saved value, in one pass. Its own gradient is the composed rule. */
export function derivative(
  name: string,
  kernel: (out: Ptr, g: Ptr, at: Ptr, n: number) => number,
  slope: (at: Tensor) => Tensor,
  curvature: (at: Tensor) => Tensor | null,
): { (g: Tensor, at: Tensor): Tensor; readonly record: OpRecord<null> } {
  const record: OpRecord<null> = {
    name,
    forward: ([g, at]) => mapPair(g as Tensor, at as Tensor, kernel),
    saves: { inputs: [0, 1] },
    vjp: ([v], s) => {
      const at = s.input(1);
      const bend = s.needs(1) ? curvature(at) : null;
      return [
        s.needs(0) ? mul(v as Tensor, slope(at)) : null,
        bend && mul(v as Tensor, mul(s.input(0), bend)),
      ];
    },
  };
  return Object.assign((g: Tensor, at: Tensor) => apply(record, [g, at], null), { record });
}

/** A map with numbers as attributes. */
export function parametric<A>(
  name: string,
  emit: (out: Ptr, x: Ptr, n: number, attrs: A) => number,
  saves: "input" | "output",
  vjp: (g: Tensor, saved: Saved, attrs: A) => Tensor,
): OpRecord<A> {
  return {
    name,
    forward: ([x], attrs) => mapF32(x as Tensor, (out, from, n) => emit(out, from, n, attrs)),
    saves: savesOf(saves),
    vjp: ([g], s, attrs) => [vjp(g as Tensor, s, attrs)],
  };
}

/** g where the condition holds, else 0. */
export const mask = (g: Tensor, on: Tensor): Tensor => where(on, g, 0);
