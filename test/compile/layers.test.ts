import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { compile, destroy, init, nn, tensor } from "../../src/index.ts";
import { LAYERS, trained } from "./trained.ts";

// Each command of a program is shared where there are threads, however small.
vi.mock(import("../../src/program/work.ts"), async (original) => ({
  ...(await original()),
  worthSharing: () => true,
}));

describe("every layer, compiled against eager, bit for bit", () => {
  test.each(LAYERS)("$title", (layer) => {
    expect(trained(layer, true)).toEqual(trained(layer, false));
  });
});

describe("every layer, compiled on two threads against eager on one, bit for bit", () => {
  const alone = new Map<string, unknown>();
  beforeAll(async () => {
    destroy();
    for (const layer of LAYERS) alone.set(layer.title, trained(layer, false));
    expect((await init({ threads: 2 })).threads).toBe(2);
  });
  afterAll(() => init({ threads: 1 }));

  test.each(LAYERS)("$title", (layer) => {
    expect(trained(layer, true)).toEqual(alone.get(layer.title));
  });
});

test("a layer in eval mode", () => {
  const model = new nn.BatchNorm1d(2).eval();
  const run = compile(model);
  const x = tensor([[1, 2]]);
  const first = run(x).toArray();
  expect(run(x).toArray()).toEqual(first);
  expect(run.stats()?.captures).toBe(1);
});
