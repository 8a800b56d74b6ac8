import { defaultDevice, init, numpy } from "@jax-js/jax";
import { done, FACTOR } from "./done.mjs";

await init("wasm");
defaultDevice("wasm");
const x = numpy.array(FACTOR).reshape([2, 2]);
done(numpy.matmul(x.ref, x).dataSync());
