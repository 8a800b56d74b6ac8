import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { exportsOf, packAndInstall, tool } from "../../scripts/package.mjs";

let tarball: string;
let installed: string;

beforeAll(async () => {
  await tool.ready();
  ({ tarball, installed } = await packAndInstall());
});

it("publint has nothing to say of the tarball, not even a suggestion", async () => {
  const { publint } = (await tool.load("publint")) as {
    publint: (options: object) => Promise<{ messages: readonly object[] }>;
  };
  const { buffer, byteOffset, byteLength } = readFileSync(tarball);
  const { messages } = await publint({
    pack: { tarball: buffer.slice(byteOffset, byteOffset + byteLength) },
    strict: true,
  });
  expect(messages).toEqual([]);
});

/** Files that a program loads or a bundler copies: they are no modules that could have types. */
const DATA = [".wasm", "./package.json", "./worker"];

it("every subpath resolves to the types of an ES module, in bundlers and in Node", () => {
  const subpaths = Object.keys(exportsOf(installed));
  const data = subpaths.filter((subpath) => DATA.some((ending) => subpath.endsWith(ending)));
  const said = execFileSync(
    process.execPath,
    [
      tool.file("@arethetypeswrong/cli/dist/index.js"),
      ...[tarball, "--profile", "esm-only", "--format", "json"],
      ...["--exclude-entrypoints", ...data.map((subpath) => subpath.slice(2))],
    ],
    { encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  const { analysis } = JSON.parse(said) as {
    analysis: {
      entrypoints: Record<string, { resolutions: Record<string, { resolution?: { fileName: string } }> }>;
    };
  };
  // It exits with 1 when it finds a problem; this sees that it looked at all of them.
  const seen = Object.entries(analysis.entrypoints).map(([subpath, { resolutions }]) => {
    for (const way of ["node16-esm", "bundler"])
      expect(resolutions[way]?.resolution?.fileName, `${subpath}, ${way}`).toMatch(/\.d\.ts$/);
    return subpath;
  });
  expect(seen.sort()).toEqual(subpaths.filter((subpath) => !data.includes(subpath)).sort());
});

it("says where it comes from, as far as npm can prove it, and what it needs", () => {
  const { publishConfig, engines, license, files } = JSON.parse(
    readFileSync(join(installed, "package.json"), "utf8"),
  ) as Record<string, unknown>;
  expect(publishConfig).toEqual({ access: "public", provenance: true });
  expect(engines).toEqual({ node: ">=20.16" });
  expect(license).toBe("MIT");
  expect(files).toBeInstanceOf(Array);
});
