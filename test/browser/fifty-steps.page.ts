import * as simdgrad from "simdgrad";
import { fiftySteps, type Outcome, type Variant } from "./fifty-steps.ts";

/** What the page offers to the test that drives it. */
export interface Offer {
  run(variant: Variant): Promise<Outcome>;
}

Object.assign(globalThis, { run: (variant) => fiftySteps(simdgrad, variant) } satisfies Offer);
