import { init } from "../../src/wasm/engine.ts";

/** SIMDGRAD_THREADS=2 has every test compute with so many threads. */
const threads = process.env.SIMDGRAD_THREADS;
if (threads !== undefined) await init({ threads: Number(threads) });
