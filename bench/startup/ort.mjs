// The model, one MatMul whose operands are its input, is made beforehand: its path is the argument.
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-web/wasm";
import { done, FACTOR } from "./done.mjs";

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(readFileSync(String(process.argv[2])));
const x = new ort.Tensor("float32", FACTOR, [2, 2]);
const { result } = await session.run({ x });
done(result.data);
