import { execFileSync } from "node:child_process";
import { cpus, loadavg, platform, release, totalmem } from "node:os";

/** Other work on the machine above which figures are not to be trusted. */
export const BUSY = 0.5;

/**
 * @typedef {object} Machine
 * @property {string} cpu
 * @property {number} cores
 * @property {number} memory GiB
 * @property {string} system
 * @property {number} load average of the last minute, before the first contender started
 * @property {string} node version that the contenders run under
 * @property {string} v8
 */

/**
 * @param {string} node
 * @returns {Machine}
 */
export function describeMachine(node) {
  const list = cpus();
  const [version = "", v8 = ""] = execFileSync(node, ["-p", "process.version + ' ' + process.versions.v8"], {
    encoding: "utf8",
  })
    .trim()
    .split(" ");
  return {
    cpu: list[0]?.model.trim() ?? "unknown CPU",
    cores: list.length,
    memory: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
    node: version,
    v8,
  };
}
