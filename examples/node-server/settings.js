/** What the environment says, checked before anything starts. */

/**
 * @param {string} name
 * @param {number} otherwise
 * @param {number} least
 * @param {number} most
 */
function wholeNumber(name, otherwise, least, most) {
  const text = process.env[name];
  if (text === undefined) return otherwise;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new Error(`${name} must be a whole number from ${least} to ${most}, got "${text}"`);
}

export function readSettings() {
  return {
    host: process.env["HOST"] ?? "127.0.0.1",
    port: wholeNumber("PORT", 8080, 0, 65_535),
    model: process.env["MODEL"] ?? new URL("model.safetensors", import.meta.url),
    logLevel: process.env["LOG_LEVEL"] ?? "info",
    /** Digits that go through the network at once; 1 turns batching off. */
    batchSize: wholeNumber("BATCH_SIZE", 32, 1, 256),
    /** How long the first of a batch waits for others; 0: for what has arrived already. */
    batchWaitMs: wholeNumber("BATCH_WAIT_MS", 0, 0, 1000),
    /** Digits that may wait; those beyond are refused with 503. */
    queueSize: wholeNumber("QUEUE_SIZE", 512, 1, 1_000_000),
    /** How long `/readyz` says no before connections are closed, for the load balancer to see. */
    lameDuckMs: wholeNumber("LAME_DUCK_MS", 0, 0, 600_000),
    /** When a shutdown that does not end is ended. */
    drainMs: wholeNumber("DRAIN_MS", 10_000, 1, 600_000),
  };
}
