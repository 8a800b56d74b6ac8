import { beforeAll, expect, it } from "vitest";
import { packAndInstall } from "../../scripts/package.mjs";

let files: readonly string[];
let size: number;

beforeAll(async () => {
  const packed = await packAndInstall();
  files = packed.files.map(({ path }) => path).sort();
  ({ size } = packed);
});

/** Sources are in the tarball for the source maps, all of them: their folders say enough. */
const isSource = (path: string): boolean => /^(src|assembly)\//.test(path);

it("the tarball holds what contents.txt lists", async () => {
  const listed = files.filter((path) => !isSource(path));
  await expect(`${listed.join("\n")}\n`).toMatchFileSnapshot("contents.txt");
});

it("of sources, it holds what the source maps name and nothing else", () => {
  const sources = files.filter(isSource);
  expect(sources.length).toBeGreaterThan(300);
  expect(sources.filter((path) => !path.endsWith(".ts"))).toEqual(["src/tsconfig.json"]);
});

it("the tarball has no tests, and stays small enough to install in a moment", () => {
  expect(files.filter((path) => /(^|\/)(tests?|bench|examples)\/|\.(test|spec)\./.test(path))).toEqual([]);
  expect(size).toBeLessThan(4e6);
});
