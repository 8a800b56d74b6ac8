/** Two copies of this library in one program have a memory each, and tensors of one mean nothing to the other. */
import { host } from "#platform";
import { VERSION } from "../version.ts";

/** Shared by all copies of all versions. */
const KEY = Symbol.for("simdgrad.copies");

const registry = globalThis as { [KEY]?: string[] | undefined };

/** The copies that have begun to work, in that order. */
export const copies = (): readonly string[] => registry[KEY] ?? [];

const name = `simdgrad ${VERSION} (${host})`;
let announced = false;

/** Says once that there is another copy. */
export function announce(): void {
  if (announced) return;
  announced = true;
  registry[KEY] = [...copies(), name];
  if (copies().length > 1)
    console.warn(
      `simdgrad: ${copies().length} copies of the library run in this program: ${copies().join(", ")}. Each has its own memory and random state, and tensors of one cannot go into the other. Import it from one entry (either "simdgrad" or "simdgrad/inline", not both), and see "npm ls simdgrad" for versions`,
    );
}
