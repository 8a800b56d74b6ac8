import type { OpName, OpSpec } from "../spec.ts";
import { activationSpecs, binarySpecs, unarySpecs } from "./elementwise.ts";
import { convSpecs, lossSpecs, matmulSpecs, normSpecs, reduceSpecs, softmaxSpecs } from "./maths.ts";
import { movementSpecs } from "./movement.ts";
import { pickingSpecs } from "./picking.ts";
import { placingSpecs } from "./placing.ts";
import { sortingSpecs } from "./sorting.ts";

/** Every public op has a spec: one that is missing here does not compile. */
export const specs = {
  ...unarySpecs,
  ...activationSpecs,
  ...binarySpecs,
  ...movementSpecs,
  ...pickingSpecs,
  ...placingSpecs,
  ...sortingSpecs,
  ...reduceSpecs,
  ...softmaxSpecs,
  ...matmulSpecs,
  ...convSpecs,
  ...normSpecs,
  ...lossSpecs,
} satisfies Record<OpName, OpSpec>;
