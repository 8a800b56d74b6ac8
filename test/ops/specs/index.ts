import type { OpName, OpSpec } from "../spec.ts";
import { activationSpecs, binarySpecs, unarySpecs } from "./elementwise.ts";
import { convSpecs, lossSpecs, matmulSpecs, normSpecs, reduceSpecs, softmaxSpecs } from "./maths.ts";
import { movementSpecs } from "./movement.ts";
import { gridSampleSpecs } from "./gridsample.ts";
import { layerNormSpecs } from "./layernorm.ts";
import { poolSpecs } from "./pool.ts";
import { resampleSpecs } from "./resample.ts";

/** Every public op has a spec: one that is missing here does not compile. */
export const specs = {
  ...unarySpecs,
  ...activationSpecs,
  ...binarySpecs,
  ...movementSpecs,
  ...reduceSpecs,
  ...softmaxSpecs,
  ...matmulSpecs,
  ...convSpecs,
  ...normSpecs,
  ...gridSampleSpecs,
  ...layerNormSpecs,
  ...poolSpecs,
  ...resampleSpecs,
  ...lossSpecs,
} satisfies Record<OpName, OpSpec>;
