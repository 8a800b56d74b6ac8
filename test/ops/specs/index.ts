import type { OpName, OpSpec } from "../spec.ts";
import { activationSpecs } from "./activation.ts";
import { attentionSpecs } from "./attention.ts";
import { convSpecs } from "./conv.ts";
import { distanceSpecs } from "./distance.ts";
import { binarySpecs, unarySpecs } from "./elementwise.ts";
import { gridSampleSpecs } from "./gridsample.ts";
import { layerNormSpecs } from "./layernorm.ts";
import { lossSpecs } from "./loss.ts";
import { matmulSpecs } from "./matmul.ts";
import { movementSpecs } from "./movement.ts";
import { normSpecs } from "./norm.ts";
import { pickingSpecs } from "./picking.ts";
import { placingSpecs } from "./placing.ts";
import { poolSpecs } from "./pool.ts";
import { einsumSpecs, productSpecs } from "./products.ts";
import { rearrangeSpecs } from "./rearrange.ts";
import { recurrentSpecs } from "./recurrent.ts";
import { reduceSpecs } from "./reduce.ts";
import { repeatSpecs } from "./repeat.ts";
import { resampleSpecs } from "./resample.ts";
import { scanSpecs } from "./scan.ts";
import { softmaxSpecs } from "./softmax.ts";
import { sortingSpecs } from "./sorting.ts";

/** Every public op has a spec: one that is missing here does not compile. */
export const specs = {
  ...unarySpecs,
  ...activationSpecs,
  ...binarySpecs,
  ...movementSpecs,
  ...rearrangeSpecs,
  ...repeatSpecs,
  ...pickingSpecs,
  ...placingSpecs,
  ...sortingSpecs,
  ...reduceSpecs,
  ...scanSpecs,
  ...softmaxSpecs,
  ...matmulSpecs,
  ...productSpecs,
  ...einsumSpecs,
  ...attentionSpecs,
  ...recurrentSpecs,
  ...convSpecs,
  ...normSpecs,
  ...gridSampleSpecs,
  ...layerNormSpecs,
  ...poolSpecs,
  ...resampleSpecs,
  ...lossSpecs,
  ...distanceSpecs,
} satisfies Record<OpName, OpSpec>;
