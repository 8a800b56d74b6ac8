/** Builds, and builds again whenever something in assembly/ or src/ changes. An error is printed and waited out. */
import { spawnSync } from "node:child_process";
import { watch } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const SETTLE_MS = 100;
/** @type {NodeJS.Timeout | undefined} */
let timer;

function build() {
  // A process of its own: what the build has loaded may be what was edited.
  const { status } = spawnSync(process.execPath, [join(root, "scripts/ensure.mjs")], {
    stdio: ["ignore", 2, 2],
  });
  console.error(status === 0 ? "simdgrad: up to date, watching" : "simdgrad: the build failed, watching");
}

for (const folder of ["assembly", "src"]) {
  watch(join(root, folder), { recursive: true }, (_event, file) => {
    if (file === null || /\.gen\.ts(\.\d+)?$/.test(file)) return;
    clearTimeout(timer);
    timer = setTimeout(build, SETTLE_MS);
  });
}
build();
