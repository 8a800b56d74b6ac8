import * as simdgrad from "simdgrad";
import * as nn from "simdgrad/nn";
import * as optim from "simdgrad/optim";

/** The parts that can be imported by themselves are those of the whole. */
export function subpaths(): string {
  if (nn.Linear !== simdgrad.nn.Linear) throw new Error("simdgrad/nn has another Linear than simdgrad");
  if (optim.Adam !== simdgrad.optim.Adam) throw new Error("simdgrad/optim has another Adam than simdgrad");
  const y = new nn.Linear(2, 1).forward(simdgrad.ones([1, 2]));
  if (!(y instanceof simdgrad.Tensor)) throw new Error("a layer of simdgrad/nn returns another Tensor");
  return "same classes";
}
