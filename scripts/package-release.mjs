/**
 * A release: the version and the changelog from the files in .changeset/, a commit and a tag, the tarball, and its publication.
 *
 *   node scripts/package-release.mjs --dry-run [--skip-tests]    does all of it in a clone that is thrown away, and publishes nothing
 *   node scripts/package-release.mjs [--skip-tests]              does it; publishing needs a CI that can prove where the package was built
 */
import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { pack, kilobytes, npm, tool } from "./package.mjs";
import { ensureDist } from "./ensure.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dry = process.argv.includes("--dry-run");

class ReleaseError extends Error {}

/** @param {string} text */
const say = (text) => console.log(text);

/**
 * @param {string} folder
 * @param {string[]} args
 */
const git = (folder, ...args) =>
  execFileSync("git", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();

/** @param {string} folder */
const packageOf = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

function refuseUnclean() {
  const changed = git(root, "status", "--porcelain");
  if (changed) throw new ReleaseError(`the tree has changes that no commit has:\n${changed}`);
  say(`tree: clean, at ${git(root, "rev-parse", "--short", "HEAD")}`);
}

function test() {
  if (process.argv.includes("--skip-tests")) return say("tests: skipped, as asked");
  for (const script of ["lint", "types", "test"]) {
    execFileSync("npm", ["run", "--silent", script], { cwd: root, stdio: "inherit" });
    say(`${script}: green`);
  }
}

/** What must be known before npm can prove where a package comes from. */
function missingForProvenance() {
  const { repository, publishConfig } = packageOf(root);
  const missing = [];
  if (publishConfig?.provenance !== true) missing.push("package.json says no publishConfig.provenance");
  if (!repository) missing.push("package.json has no repository: set it to the public address of the source");
  if (!process.env.ACTIONS_ID_TOKEN_REQUEST_URL && !process.env.SIGSTORE_ID_TOKEN)
    missing.push(
      "this is no CI that gives an identity token (GitHub Actions with id-token: write, or GitLab)",
    );
  return missing;
}

/**
 * Lets changesets write the version and the changelog, and brings in step what else names the version.
 * @param {string} folder
 */
function version(folder) {
  const before = packageOf(folder).version;
  const changes = readdirSync(join(folder, ".changeset")).filter(
    (name) => name.endsWith(".md") && name !== "README.md",
  );
  if (changes.length === 0)
    throw new ReleaseError(".changeset/ has no change to release (npm run change adds one)");
  execFileSync(process.execPath, [tool.file("@changesets/cli/bin.js"), "version"], {
    cwd: folder,
    stdio: "pipe",
  });
  const after = packageOf(folder).version;
  for (const file of ["src/version.ts", "package-lock.json"]) {
    const text = readFileSync(join(folder, file), "utf8");
    // In the lockfile the package comes first, twice.
    const count = file === "package-lock.json" ? 2 : 1;
    let changed = text;
    for (let i = 0; i < count; i++) changed = changed.replace(`"${before}"`, `"${after}"`);
    writeFileSync(join(folder, file), changed);
  }
  say(`version: ${before} → ${after}, from ${changes.join(", ")}`);
  const [, part = ""] =
    new RegExp(`\\n(## ${after.replaceAll(".", "\\.")}\\n[\\s\\S]*?)(?=\\n## |$)`).exec(
      readFileSync(join(folder, "CHANGELOG.md"), "utf8"),
    ) ?? [];
  if (!part) throw new ReleaseError(`CHANGELOG.md has no part for ${after}`);
  say(`changelog:\n${part.trim().replaceAll(/^/gm, "  ")}`);
  return after;
}

/**
 * A clone that uses what is installed here.
 * @param {string} folder
 */
function clone(folder) {
  git(root, "clone", "--quiet", "--no-hardlinks", root, folder);
  for (const path of ["node_modules", "test/package/node_modules"])
    if (existsSync(join(root, path))) symlinkSync(join(root, path), join(folder, path), "dir");
  cpSync(join(root, "dist"), join(folder, "dist"), { recursive: true });
}

async function main() {
  refuseUnclean();
  await tool.ready();
  test();
  const missing = missingForProvenance();
  if (!dry && missing.length > 0) throw new ReleaseError(`not ready to publish:\n${missing.join("\n")}`);
  mkdirSync(join(root, ".cache"), { recursive: true });
  const work = mkdtempSync(join(root, ".cache", "release-"));
  try {
    const folder = dry ? join(work, "clone") : root;
    await ensureDist();
    if (dry) clone(folder);
    const next = version(folder);
    if (!dry) {
      await ensureDist();
      git(root, "add", "--all");
      git(root, "commit", "--quiet", "--message", `Release ${next}`);
      git(root, "tag", `v${next}`);
    }
    const { tarball, size, unpackedSize, files } = pack(work, folder);
    say(`tarball: ${files.length} files, ${kilobytes(size)}, unpacked ${kilobytes(unpackedSize)}`);
    publish(tarball, work);
    for (const what of missing) say(`missing for a real release: ${what}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * @param {string} tarball
 * @param {string} cwd
 */
function publish(tarball, cwd) {
  const args = ["publish", tarball, "--provenance", "--access", "public", "--ignore-scripts"];
  npm(dry ? [...args, "--dry-run", "--json"] : args, cwd);
  say(dry ? "npm publish --provenance --dry-run: npm would take it; nothing was published" : "published");
}

try {
  await main();
} catch (error) {
  if (!(error instanceof ReleaseError)) throw error;
  console.error(`release: ${error.message}`);
  process.exitCode = 1;
}
