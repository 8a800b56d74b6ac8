import { OPS, writeAdds, writeOp, ADDS } from "./ops.mjs";
import { SIZES, writeGemm } from "./gemm.mjs";
import { writeLoader } from "./loader.mjs";
import { NETWORKS, writeTraining } from "./train.mjs";

/**
 * A family's workloads run one after another in the same processes.
 * @typedef {{ name: string, workloads: { name: string, expected?: number, flops: number | null, bytes?: number, title: string }[] }} Family
 */

/** What everybody takes part in. */
export const SHARED = ["gemm", "ops", "eager", ...Object.keys(NETWORKS)];

export const FAMILIES = [...SHARED, "loader"];

/**
 * Writes what the contenders read: everybody computes with the same numbers.
 * @param {string} folder
 * @param {string[]} names
 * @returns {Family[]}
 */
export function writeWorkloads(folder, names) {
  return names.map((name) => {
    if (name === "gemm") {
      const workloads = SIZES.map((n) => {
        const { expected } = writeGemm(folder, n);
        return { name: `gemm-${n}`, expected, flops: 2 * n ** 3, title: `GEMM f32 ${n}` };
      });
      return { name, workloads };
    }
    if (name === "ops") {
      const workloads = OPS.map((op) => {
        const { name, expected } = writeOp(folder, op);
        return { name, expected, flops: null, bytes: op.bytes, title: op.title };
      });
      return { name, workloads };
    }
    if (name === "eager") {
      const workloads = [false, true].map((tracked) => {
        const { name, expected } = writeAdds(folder, tracked);
        return {
          name,
          expected,
          flops: null,
          title: `${ADDS} adds of 16 elements${tracked ? ", recorded for a gradient" : ""}`,
        };
      });
      return { name, workloads };
    }
    if (name === "loader") {
      const { title } = writeLoader(folder);
      return { name, workloads: [{ name, flops: null, title }] };
    }
    const network = NETWORKS[name];
    if (!network) throw new Error(`no workload ${name}; there are ${FAMILIES.join(", ")}`);
    writeTraining(folder, network);
    return { name, workloads: [{ name, flops: null, title: `${network.title}: a training step` }] };
  });
}
