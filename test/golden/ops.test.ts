import { describe, it } from "vitest";
import * as simdgrad from "../../src/index.ts";
import { checkOp } from "./check.ts";
import { opFamilies } from "./load.ts";

for (const { family, cases } of opFamilies()) {
  describe(`golden ${family}`, () => {
    for (const c of cases) {
      it(c.name, () => {
        checkOp(simdgrad, family, c);
      });
    }
  });
}
