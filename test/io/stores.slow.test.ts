import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureDist } from "../../scripts/ensure.mjs";
import { fileStore } from "../../src/companions/node.ts";

const root = mkdtempSync(join(tmpdir(), "simdgrad-store-"));
const folder = join(root, "files");
const content = Uint8Array.of(1, 2, 3);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.skipIf(process.platform === "win32")("fileStore where the disk is full", () => {
  beforeAll(() => ensureDist());

  test("leaves the former file and nothing beside it", async () => {
    const store = fileStore(folder);
    await store.write("x", content);
    // The system refuses the process files of more than 2 MiB.
    const program = `
      import { fileStore } from ${JSON.stringify(new URL("../../dist/companions/node.js", import.meta.url).href)};
      fileStore(process.argv[2]).write("x", new Uint8Array(3_000_000)).then(
        () => console.log("written"),
        (error) => console.log(error.code),
      );`;
    const file = join(root, "program.mjs");
    writeFileSync(file, program);
    const node = [process.execPath, file, folder];
    const { stdout, stderr } = spawnSync(
      "sh",
      ["-c", 'trap "" XFSZ; ulimit -f 4096; exec "$@"', "sh", ...node],
      {
        encoding: "utf8",
        env: { ...process.env, TSX_DISABLE_CACHE: "1" },
      },
    );
    expect([stdout.trim(), stderr]).toEqual(["EFBIG", ""]);
    expect(readdirSync(folder)).toEqual(["x"]);
    expect(await store.read("x")).toEqual(content);
  });
});
