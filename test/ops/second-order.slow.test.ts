import { describe, it } from "vitest";
import { checkSampleTwice, hasSecondOrder } from "./check.ts";
import { specs } from "./specs/index.ts";
import { titleOf, type OpSpec } from "./spec.ts";

for (const [name, spec] of Object.entries<OpSpec>(specs)) {
  const samples = [...spec.samples.entries()].filter(([, sample]) => hasSecondOrder(spec, sample));
  if (samples.length === 0) continue;
  describe(`second order of ${name}`, () => {
    for (const [i, sample] of samples) {
      it(titleOf(i, sample), () => {
        checkSampleTwice(spec, sample);
      });
    }
  });
}
