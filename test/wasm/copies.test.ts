import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ensureDist } from "../../scripts/ensure.mjs";
import { root } from "../browser/serve.ts";
import type * as src from "../../src/index.ts";
import { PlatformError, tensor } from "../../src/index.ts";
import { VERSION } from "../../src/version.ts";
import { readFile } from "node:fs/promises";

type Library = typeof src;
const entry = async (path: string): Promise<Library> =>
  (await import(/* @vite-ignore */ pathToFileURL(`${root}/dist/${path}`).href)) as Library;

afterEach(() => {
  vi.restoreAllMocks();
});

test("the version is that of the package", async () => {
  const { version } = JSON.parse(await readFile(`${root}/package.json`, "utf8")) as { version: string };
  expect(VERSION).toBe(version);
});

describe("two copies in one program", () => {
  test("the second to work says so and names both; their tensors do not mix", async () => {
    await ensureDist();
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const mine = tensor([1, 2, 3]);
    const other = await entry("node/index.js");
    const foreign = other.tensor([4, 5, 6]);
    expect(warned.mock.calls.flat().join()).toMatch(
      /2 copies of the library run .* simdgrad \S+ \(node\), simdgrad \S+ \(node\)/,
    );
    expect(() => mine.add(foreign)).toThrow(PlatformError);
    expect(() => mine.add(foreign)).toThrow(/^add: this tensor belongs to another copy of simdgrad/);
    expect(() => foreign.add(mine)).toThrow(/belongs to another copy/);
    expect([...mine.data, ...foreign.data]).toEqual([1, 2, 3, 4, 5, 6]);
    mine.dispose();
    other.destroy();
  });

  test("entries of one host are one copy", async () => {
    await ensureDist();
    const lib = await entry("core/index.js");
    const nn = (await entry("core/nn.js")) as unknown as Library["nn"];
    expect(nn.Linear).toBe(lib.nn.Linear);
  });
});
