import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { ensureDist } from "../../scripts/ensure.mjs";
import * as src from "../../src/index.ts";
import {
  leakReport,
  memory,
  nn,
  ones,
  resetPeakMemory,
  scope,
  tensor,
  traceAllocations,
} from "../../src/index.ts";

describe("memory()", () => {
  it("counts bytes and storages by dtype, in whole blocks; they add up to what is live", () => {
    const before = memory();
    const made = [ones([3]), tensor([1, 2], { dtype: "i32" }), tensor([true]), ones([65], { dtype: "u8" })];
    const after = memory();
    const grown = (dtype: "f32" | "i32" | "u8" | "bool"): number[] => [
      after.byDtype[dtype].bytes - before.byDtype[dtype].bytes,
      after.byDtype[dtype].storages - before.byDtype[dtype].storages,
    ];
    expect([grown("f32"), grown("i32"), grown("u8"), grown("bool")]).toEqual([
      [64, 1],
      [64, 1],
      [128, 1],
      [64, 1],
    ]);
    const tallies = Object.values(after.byDtype);
    expect(tallies.reduce((sum, t) => sum + t.bytes, 0)).toBe(after.live);
    expect(tallies.reduce((sum, t) => sum + t.storages, 0)).toBe(after.storages);
    for (const t of made) t.dispose();
    expect(memory()).toMatchObject({ live: before.live, byDtype: before.byDtype });
  });

  it("counts handles, views among them, and comes back to where it was after a training step", () => {
    const model = new nn.Sequential(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 1));
    const x = ones([2, 3]);
    const before = memory().tensors;
    const view = x.transpose(0, 1);
    expect(memory().tensors).toBe(before + 1);
    expect(view.data.length).toBe(6); // a copy for reading is no handle
    view.dispose();
    expect(memory().tensors).toBe(before);
    scope(() => {
      model.forward(x).square().mean().backward();
    });
    expect(memory().tensors).toBe(before + 4); // the gradients
    model.zeroGrad();
    expect(memory().tensors).toBe(before);
    model.dispose();
    expect(memory().tensors).toBe(before - 4);
    x.dispose();
  });

  it("starts the peak anew", () => {
    ones([100_000]).dispose();
    expect(memory().peak).toBeGreaterThanOrEqual(400_000 + memory().live);
    resetPeakMemory();
    expect(memory().peak).toBe(memory().live);
    ones([1000]).dispose();
    expect(memory().peak).toBe(memory().live + 4032);
  });
});

const lineOf = (error: Error): string => /stats\.test\.ts:(\d+)/.exec(error.stack ?? "")?.[1] ?? "";

describe.each([
  ["the sources", "src"],
  ["a build", "dist"],
])("leakReport() of %s", (_name, from) => {
  let lib = src;
  beforeAll(async () => {
    if (from === "src") return;
    await ensureDist();
    lib = (await import(
      /* @vite-ignore */ new URL("../../dist/node/index.js", import.meta.url).href
    )) as typeof src;
  });
  afterEach(() => {
    lib.traceAllocations(false);
  });

  it("names the program's lines with what they made, the most bytes first", () => {
    lib.traceAllocations(true);
    const here = Number(lineOf(new Error()));
    const a = lib.ones([2, 3]);
    const many = [1000, 2000].map((n) => lib.add(lib.zeros([n]), 1));
    const view = a.transpose(0, 1);
    const report = lib.leakReport();
    const large = { count: 2, bytes: 12032, shapes: [[1000], [2000]], dtypes: ["f32"] };
    expect(report).toMatchObject([
      large,
      large,
      { count: 1, bytes: 64, shapes: [[2, 3]] },
      { count: 1, bytes: 0, shapes: [[3, 2]] },
    ]);
    const lines = report.map(({ site }) => Number(/stats\.test\.ts:(\d+):\d+/.exec(site)?.[1]) - here);
    expect(lines).toEqual([2, 2, 1, 3]);
    expect(String(report)).toMatch(
      /^12032 bytes in 2 tensors of f32 \[1000\] \[2000\]\n {4}at .*stats\.test\.ts:/,
    );
    for (const t of [a, view, ...many]) t.dispose();
    expect(lib.leakReport().map((leak) => leak.count)).toEqual([2]); // the zeros
  });

  it("has nothing to say when nothing is traced", () => {
    expect(String(lib.leakReport())).toMatch(/call traceAllocations\(true\) first/);
    lib.traceAllocations(true);
    expect(String(lib.leakReport())).toMatch(/no tensor made since/);
    expect(lib.leakReport()).toEqual([]);
  });

  it("says in the error of a freed tensor where it was made", () => {
    lib.traceAllocations(true);
    const t = lib.ones([2]);
    t.dispose();
    expect(() => t.item()).toThrow(/\(made at .*stats\.test\.ts:\d+:\d+\)? ?\)? was freed/);
  });
});

describe("traceAllocations()", () => {
  it("names the program's line under the module's own code too", () => {
    traceAllocations(true);
    const model = new nn.Sequential(new nn.Linear(2, 2), new nn.Linear(2, 2));
    const out = model.forward(ones([1, 2]));
    expect(leakReport().every((leak) => leak.site.includes("stats.test.ts"))).toBe(true);
    expect(out.trace?.site).toMatch(/stats\.test\.ts/);
    traceAllocations(false);
    model.dispose();
  });
});
