/** Debian's packages, where a command needs them. Only Node's own modules are used: this runs before `npm ci`. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

/** Debian itself: on its derivatives a browser's package may be a stub that wants snap. */
export function isDebian() {
  return existsSync("/etc/os-release") && /^ID="?debian"?$/m.test(readFileSync("/etc/os-release", "utf8"));
}

/**
 * Installs packages where this is Debian and we are root; elsewhere, and when apt fails, what is missing stays so.
 * @param {string[]} packages
 * @param {string} purpose for the line that tells of it
 */
export function aptInstall(packages, purpose) {
  if (!isDebian() || process.getuid?.() !== 0) return;
  process.stderr.write(`simdgrad: installing ${purpose} (apt-get install ${packages.join(" ")}) …\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "--yes", "--no-install-recommends", ...packages]]) {
    const { status } = spawnSync("apt-get", ["-qq", ...args], { stdio: ["ignore", 2, 2], env });
    if (status !== 0) process.stderr.write(`simdgrad: apt-get ${args.join(" ")} failed\n`);
  }
}
