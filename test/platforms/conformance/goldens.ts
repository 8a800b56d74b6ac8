import * as simdgrad from "simdgrad";
import type { OpFamily } from "../../golden/cases.ts";
import { checkOp } from "../../golden/check.ts";

/** Computes every golden case; all that fail are named, and the first is told. */
export async function goldens(
  families: readonly OpFamily[],
  options: simdgrad.InitOptions = {},
): Promise<string> {
  await simdgrad.init(options);
  const failed: string[] = [];
  let passed = 0;
  for (const { family, cases } of families) {
    for (const c of cases) {
      try {
        checkOp(simdgrad as never, family, c);
        passed++;
      } catch (error) {
        failed.push(`${family}/${c.name}: ${String(error)}`);
      }
    }
  }
  if (failed.length > 0)
    throw new Error(
      `${failed.length} of ${passed + failed.length} cases: ${failed.join("; ").slice(0, 1000)}`,
    );
  if (passed === 0) throw new Error("there are no cases");
  return `${passed} cases of ${families.length} families, ${simdgrad.backendInfo().variant}`;
}
