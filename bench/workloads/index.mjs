import { SIZES, writeGemm } from "./gemm.mjs";
import { NETWORKS, writeTraining } from "./train.mjs";

/**
 * A family's workloads run one after another in the same processes.
 * @typedef {{ name: string, workloads: { name: string, expected?: number, flops: number | null, title: string }[] }} Family
 */

export const FAMILIES = ["gemm", ...Object.keys(NETWORKS)];

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
    const network = NETWORKS[name];
    if (!network) throw new Error(`no workload ${name}; there are ${FAMILIES.join(", ")}`);
    writeTraining(folder, network);
    return { name, workloads: [{ name, flops: null, title: network.title }] };
  });
}
