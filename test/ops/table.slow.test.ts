import { expect, test, vi } from "vitest";
import type * as emitter from "../../src/program/emit.ts";
import { kernelNames } from "../../src/program/kernels.gen.ts";
import { i32 } from "../../src/wasm/views.ts";
import { specs } from "./specs/index.ts";
import { opTable } from "./table.ts";

const watch = vi.hoisted(() => ({ end: (_at: number): void => {} }));

vi.mock("../../src/program/emit.ts", async (original) => {
  const emit = await original<typeof emitter>();
  return {
    ...emit,
    end(at: number) {
      watch.end(at);
      return emit.end(at);
    },
  };
});

/** The kernels that a function runs, in the order of their first calls. */
function kernelsOf(run: () => void): string[] {
  const seen = new Set<string>();
  watch.end = (at) => seen.add(kernelNames[(i32[at] as number) & 0xfff] as string);
  run();
  watch.end = () => {};
  return [...seen];
}

test("docs/ops.md is what the ops are (npm run docs:ops writes it)", async () => {
  await expect(opTable(specs, kernelsOf)).toMatchFileSnapshot("../../docs/ops.md");
});
