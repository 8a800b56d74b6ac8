/** What the tests of the package share: the installed tarball, and projects that use it. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll } from "vitest";
import { packAndInstall } from "../../scripts/package.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const projects: string[] = [];
afterAll(() => {
  for (const folder of projects) rmSync(folder, { recursive: true, force: true });
});

export interface Project {
  readonly folder: string;
  write(files: Readonly<Record<string, string>>): void;
  /** What a program prints; throws with its standard error when it fails. */
  node(args: readonly string[], program?: string): string;
}

/** A project of its own that has installed the tarball; `packages` of the repository lie beside it. It is gone after the tests of the file. */
export async function makeProject(packages: readonly string[] = []): Promise<Project> {
  const { installed } = await packAndInstall();
  mkdirSync(join(root, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(root, ".cache", "project-"));
  projects.push(folder);
  const write: Project["write"] = (files) => {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
  };
  write({ "package.json": JSON.stringify({ name: "project", private: true, type: "module" }) });
  cpSync(installed, join(folder, "node_modules/simdgrad"), { recursive: true });
  for (const name of packages) {
    const link = join(folder, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link, "dir");
  }
  return {
    folder,
    write,
    node: (args, program = process.execPath) =>
      execFileSync(program, args, { cwd: folder, encoding: "utf8", stdio: "pipe" }),
  };
}
