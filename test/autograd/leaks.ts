import { afterEach, beforeEach, expect } from "vitest";
import { manualSeed, memory, scope } from "../../src/index.ts";

/** Lets every test of the file begin with the same random numbers and end with the live bytes that it began with. */
export function expectNoLeaks(): void {
  let before = 0;
  beforeEach(() => {
    before = memory().live;
    manualSeed(11);
  });
  afterEach(() => {
    expect(memory().live, "live bytes after the test").toBe(before);
  });
}

/** A test's body in a scope. */
export const inScope = (body: () => void) => (): void => {
  scope(body);
};
