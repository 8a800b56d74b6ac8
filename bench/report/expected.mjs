import { BRAIN, JAX, ORT, PEAK, TFJS, TFJS_CPU, TORCH } from "../contenders/list.mjs";
import { number, time } from "./format.mjs";
/** @import { Section } from "./summary.mjs" */

/** What the figures below were measured on, idle. */
export const KNOWN_MACHINE = "a virtual AMD EPYC (Zen 5) with Node 24 and Debian's PyTorch 1.13";
/** Who is further off than this has a broken set-up: no SIMD, another BLAS, a machine at work. */
const TOLERANCE = 1.5;

const INSTALLED = "PyTorch, as installed";

/** GFLOP/s, larger is better. @type {Record<string, Record<string, number>>} */
const SPEEDS = {
  "gemm-64": { [TFJS]: 31, [JAX]: 23, [ORT]: 20 },
  "gemm-512": { [PEAK]: 54.5, [TFJS]: 39, [JAX]: 33.5, [ORT]: 31, [TORCH]: 197 },
  "conv-forward": { [TFJS]: 37, [JAX]: 0.3, [ORT]: 28, [TORCH]: 181 },
};

/** Milliseconds, the fastest slice. @type {Record<string, Record<string, number>>} */
const TIMES = {
  "op-gemv": { [TFJS]: 0.08 },
  "op-transpose": { [TFJS]: 8.9 },
  "op-softmax": { [TFJS]: 1.1 },
  "op-gelu": { [TFJS]: 5 },
  "op-exp": { [TFJS]: 1.9 },
  "op-layerNorm": { [TFJS]: 1 },
  "op-sumColumns": { [TFJS]: 9.5 },
  "op-sumRows": { [TFJS]: 0.56 },
  "op-maxPool": { [TFJS]: 0.2 },
  "op-depthwise": { [TFJS]: 1.06 },
  xor: { [TORCH]: 0.075, [JAX]: 0.108, [TFJS]: 0.141, [BRAIN]: 0.004 },
  mlp: { [TORCH]: 0.83, [JAX]: 4.2, [TFJS]: 22, [BRAIN]: 133 },
  cnn: { [TORCH]: 11, [INSTALLED]: 29, [JAX]: 1320, [TFJS_CPU]: 9200 },
  lstm: { [TORCH]: 13.9, [JAX]: 171, [TFJS]: 496 },
  gru: { [TORCH]: 11.3, [JAX]: 130, [TFJS]: 251 },
  resnet: { [TORCH]: 56, [INSTALLED]: 110, [JAX]: 14100 },
  gpt: { [TORCH]: 49, [JAX]: 383, [TFJS_CPU]: 8080 },
};

/**
 * What does not fit to what is known of the peers.
 * @param {Section[]} sections
 * @returns {string[]}
 */
export function suspicions(sections) {
  return sections.flatMap(({ workload, lines }) =>
    lines.flatMap(({ contender, best, gflops }) => {
      const speed = SPEEDS[workload]?.[contender];
      const milliseconds = TIMES[workload]?.[contender];
      if (speed !== undefined && gflops !== null) {
        const words = `${number(gflops)} GFLOP/s where ${number(speed)} are known`;
        return judge(`${contender}, ${workload}: ${words}`, speed / gflops);
      }
      if (milliseconds !== undefined && best !== null) {
        const words = `${time(best)} where ${time(milliseconds / 1000)} are known`;
        return judge(`${contender}, ${workload}: ${words}`, (best * 1000) / milliseconds);
      }
      return [];
    }),
  );
}

/** @param {string} words @param {number} factor times as slow */
function judge(words, factor) {
  if (factor > TOLERANCE) return [`${words}, ${number(factor)} × as slow`];
  return factor < 1 / TOLERANCE ? [`${words}, ${number(1 / factor)} × as fast`] : [];
}
