import type { OpName, OpSpec } from "../spec.ts";
import { activationSpecs, binarySpecs, unarySpecs } from "./elementwise.ts";
import { attentionSpecs } from "./attention.ts";
import { convSpecs, lossSpecs, matmulSpecs, normSpecs, reduceSpecs, softmaxSpecs } from "./maths.ts";
import { movementSpecs } from "./movement.ts";
import { einsumSpecs, productSpecs } from "./products.ts";
import { recurrentSpecs } from "./recurrent.ts";

/** Every public op has a spec: one that is missing here does not compile. */
export const specs = {
  ...unarySpecs,
  ...activationSpecs,
  ...binarySpecs,
  ...movementSpecs,
  ...reduceSpecs,
  ...softmaxSpecs,
  ...matmulSpecs,
  ...productSpecs,
  ...einsumSpecs,
  ...attentionSpecs,
  ...recurrentSpecs,
  ...convSpecs,
  ...normSpecs,
  ...lossSpecs,
} satisfies Record<OpName, OpSpec>;
