/** @import { Machine } from "../measure/machine.mjs" */
/** @import { Size } from "../measure/sizes.mjs" */
/** @import { Section } from "./summary.mjs" */

/**
 * All that a run has measured, as its JSON has it: what every report is made of.
 * @typedef {object} Run
 * @property {string} when
 * @property {Machine} machine
 * @property {Record<string, string>} about what each contender says of itself
 * @property {import("../measure/rounds.mjs").Pace} pace
 * @property {boolean} quick
 * @property {"wall" | "cpu"} clock
 * @property {string | null} missing why PyTorch takes no part
 * @property {Section[]} sections
 * @property {Awaited<ReturnType<typeof import("../measure/startup.mjs").measureStartup>> | null} startup
 * @property {Size[] | null} sizes
 */
export {};
