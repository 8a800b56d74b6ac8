/** Training: one call, or the pieces for a loop of your own. */
export {
  decodeCheckpoint,
  encodeCheckpoint,
  loadCheckpoint,
  saveCheckpoint,
  type LoadCheckpointOptions,
  type Parts,
  type Stateful,
} from "./checkpoint.ts";
