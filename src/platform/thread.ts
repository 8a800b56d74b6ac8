/**
 * What a worker thread does, as text, for hosts that start a worker from text: its part of commands, for ever, once it has got a `Start`.
 * worker.ts is the same as a file.
 */
export const THREAD = `
const work = (port, { module, memory, team, part, parts }) => {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  port.postMessage({ simdgrad: "begun" });
  exports.work(team, part, parts);
};`;
