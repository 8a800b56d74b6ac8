import { Writer } from "./writer.mjs";
/** @import { ReplaySpec } from "../types.d.ts" */

/** Additions in place of four elements to tensors that have nothing to do with each other: nothing to fuse. */
const COMMANDS = 100;

/** @param {string} folder */
export function writeReplay(folder) {
  /** @type {ReplaySpec} */
  const spec = { kind: "replay", name: "replay", commands: COMMANDS };
  new Writer(1).save(folder, spec);
  return spec;
}
