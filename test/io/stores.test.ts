import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { io } from "../../src/index.ts";
import { fileStore } from "../../src/companions/node.ts";
import { CASES } from "./stores.ts";

const root = mkdtempSync(join(tmpdir(), "simdgrad-store-"));
let folders = 0;
const newFolder = (): string => join(root, String(folders++), "made on the way");
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.each([
  ["memoryStore", () => io.memoryStore()],
  ["fileStore", () => fileStore(newFolder())],
])("%s", (_, make) => {
  test.each(CASES)("%s", (__, run) => run(make()));
});

const content = Uint8Array.of(1, 2, 3);

describe("fileStore", () => {
  test("is seen by another one of the same folder", async () => {
    const folder = newFolder();
    await fileStore(folder).write("x", content);
    expect(await fileStore(folder).read("x")).toEqual(content);
    expect(readdirSync(folder)).toEqual(["x"]);
  });

  test("ignores and clears away what a crash left, but not what a living process is writing", async () => {
    const folder = newFolder();
    const store = fileStore(folder);
    await store.write("x", content);
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    writeFileSync(join(folder, `x.${dead}.part`), "half");
    writeFileSync(join(folder, `y.${process.ppid}.part`), "half");
    expect(await store.list()).toEqual(["x"]);
    await store.write("z", content);
    expect(readdirSync(folder).sort()).toEqual(["x", `y.${process.ppid}.part`, "z"]);
    expect(await store.read("x")).toEqual(content);
  });

  test("a write that fails leaves the former file and nothing beside it", async () => {
    const folder = newFolder();
    const store = fileStore(folder);
    await store.write("x", content);
    // A folder is in the way of the rename.
    mkdirSync(join(folder, "taken"));
    await expect(store.write("taken", content)).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    expect(readdirSync(folder).sort()).toEqual(["taken", "x"]);
    expect(await store.read("x")).toEqual(content);
  });
});

describe("the stores of browsers, elsewhere", () => {
  test.each([
    ["indexedDbStore", io.indexedDbStore()],
    ["opfsStore", io.opfsStore()],
  ])("%s says that there is none", async (name, store) => {
    await expect(store.list()).rejects.toThrow(new RegExp(`^${name}: this host has no`));
    await expect(store.write("x", Uint8Array.of(1))).rejects.toThrow("use");
  });
});
