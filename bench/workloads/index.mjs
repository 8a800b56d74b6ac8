import { CONV_FLOPS, PASSES, writeConv } from "./conv.mjs";
import { SIZES, writeGemm } from "./gemm.mjs";
import { writeLoader } from "./loader.mjs";
import { NETWORKS } from "./networks.mjs";
import { ADDS, OPS, writeAdds, writeOp } from "./ops.mjs";
import { writeReplay } from "./replay.mjs";
import { writeTraining } from "./train.mjs";

/** @typedef {{ name: string, expected?: number, flops: number | null, bytes?: number, title: string }} Workload */

/**
 * A family's workloads run one after another in the same processes.
 * @typedef {{ name: string, workloads: Workload[] }} Family
 */

/** Training steps. */
export const TRAINING = Object.keys(NETWORKS);

/** What is trained on two threads too. */
export const THREADED = ["cnn", "resnet", "gpt"];

/** The network of a name. @param {string} name */
function network(name) {
  const found = NETWORKS[name];
  if (!found) throw new Error(`no network ${name}; there are ${TRAINING.join(", ")}`);
  return found;
}

/** @param {string} folder @param {string} name @param {string} [file] @returns {Workload} */
function training(folder, name, file = name) {
  const { title } = writeTraining(folder, network(name), file);
  return { name: file, flops: null, title: `${title}: a training step` };
}

/** What writes the workloads of a family. @type {Record<string, (folder: string) => Workload[]>} */
const WRITERS = {
  gemm: (folder) =>
    SIZES.map((n) => {
      const { name, expected } = writeGemm(folder, n);
      return { name, expected, flops: 2 * n ** 3, title: `GEMM f32 ${n}` };
    }),
  conv: (folder) =>
    PASSES.map(({ pass, title }) => {
      const { name, expected } = writeConv(folder, pass);
      return { name, expected, flops: CONV_FLOPS, title };
    }),
  ops: (folder) =>
    OPS.map((op) => {
      const { name, expected } = writeOp(folder, op);
      return { name, expected, flops: null, bytes: op.bytes, title: op.title };
    }),
  eager: (folder) =>
    [false, true].map((tracked) => {
      const { name, expected } = writeAdds(folder, tracked);
      const title = `${ADDS} adds of 16 elements${tracked ? ", recorded for a gradient" : ""}`;
      return { name, expected, flops: null, title };
    }),
  replay(folder) {
    const { name, commands } = writeReplay(folder);
    return [
      { name, flops: null, title: `a compiled program of ${commands} commands that do next to nothing` },
    ];
  },
  ...Object.fromEntries(TRAINING.map((name) => [name, (folder) => [training(folder, name)]])),
  threads: (folder) =>
    THREADED.map((name) => {
      const { title, ...rest } = training(folder, name, `threads-${name}`);
      return { ...rest, title: `${title} on one thread and on two` };
    }),
  loader(folder) {
    const { name, title } = writeLoader(folder);
    return [{ name, flops: null, title }];
  },
};

export const FAMILIES = Object.keys(WRITERS);

/**
 * Writes what the contenders read: everybody computes with the same numbers.
 * @param {string} folder
 * @param {string[]} names
 * @returns {Family[]}
 */
export function writeWorkloads(folder, names) {
  return names.map((name) => {
    const write = WRITERS[name];
    if (!write) throw new Error(`no workloads ${name}; there are ${FAMILIES.join(", ")}`);
    return { name, workloads: write(folder) };
  });
}
