/** Asks what a change means to users and writes it to .changeset/: `npm run change`. */
import { spawnSync } from "node:child_process";
import { tool } from "./package.mjs";

await tool.ready();
const { status } = spawnSync(
  process.execPath,
  [tool.file("@changesets/cli/bin.js"), ...process.argv.slice(2)],
  {
    stdio: "inherit",
  },
);
process.exitCode = status ?? 1;
