/** The file of a worker thread in pages: does its part of commands for ever. */
import type { Start } from "../wasm/thread.ts";

addEventListener(
  "message",
  ({ data }: MessageEvent<Start>) => {
    const { module, memory, team, part, parts } = data;
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    postMessage({ simdgrad: "begun" });
    (exports.work as (team: number, part: number, parts: number) => void)(team, part, parts);
  },
  { once: true },
);
