import { describe, expect, it } from "vitest";
import { memory, scope } from "../../src/index.ts";
import { checkSample, checkSpecial } from "./check.ts";
import { specs } from "./specs/index.ts";
import { titleOf, type OpSpec } from "./spec.ts";

for (const [name, spec] of Object.entries<OpSpec>(specs)) {
  describe(`op ${name}`, () => {
    for (const [i, sample] of spec.samples.entries()) {
      it(titleOf(i, sample), () => {
        checkSample(spec, sample);
      });
    }
    if (spec.special) {
      it("special values", () => {
        checkSpecial(spec, spec.samples[0]?.attrs);
      });
    }
    for (const [i, [run, error, says]] of (spec.errors ?? []).entries()) {
      it(`error ${i}: ${error} ${String(says)}`, () => {
        const before = memory().live;
        let thrown: unknown = null;
        try {
          scope(run);
        } catch (e) {
          thrown = e;
        }
        expect(thrown).toBeInstanceOf(Error);
        expect((thrown as Error).name).toBe(error);
        expect((thrown as Error).message).toMatch(says);
        expect(memory().live, "bytes that the failed call left").toBe(before);
      });
    }
  });
}
