// The core and the backend alone: the package with layers and other backends takes much longer.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as tf from "@tensorflow/tfjs-core";
import { setThreadsCount, setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { done, FACTOR } from "./done.mjs";

const main = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm");
setWasmPaths(join(dirname(main), "/"));
setThreadsCount(1);
if (!(await tf.setBackend("wasm"))) throw new Error("tfjs: backend wasm does not start");
const x = tf.tensor2d(FACTOR, [2, 2]);
done(tf.matMul(x, x).dataSync());
