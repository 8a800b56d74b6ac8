import { createRequire } from "node:module";
/** @import { ArrayAt, Arrays, Contender, Ready, TrainSpec } from "../types.d.ts" */

/**
 * brain.js learns sample by sample with momentum from squared errors, and starts from weights of its own: its losses are
 * not those of the others. A step is one pass over a batch.
 * @returns {Promise<Contender>}
 */
export async function start() {
  const { default: brain } = await import("brain.js");
  const { version } = createRequire(import.meta.url)("brain.js/package.json");
  return {
    about: `brain.js ${version}, in JavaScript; sample by sample, squared errors`,
    open(spec, arrays) {
      if (spec.kind !== "train") throw new Error("brain.js trains networks of full layers, nothing else");
      return openTraining(brain, spec, arrays);
    },
  };
}

/**
 * Rows of a matrix, or of one-hot labels.
 * @param {Arrays} arrays
 * @param {ArrayAt} at
 * @param {number} classes
 */
function rows(arrays, at, classes) {
  const values = arrays(at);
  if (at.dtype === "i32") {
    return Array.from(values, (label) =>
      Float32Array.from({ length: classes }, (_, i) => Number(i === label)),
    );
  }
  const [count = 0, width = 0] = at.shape;
  return Array.from({ length: count }, (_, i) => values.slice(i * width, (i + 1) * width));
}

/**
 * @param {any} brain the package's types are those of another version
 * @param {TrainSpec} spec
 * @param {Arrays} arrays
 * @returns {Ready}
 */
function openTraining(brain, spec, arrays) {
  const sizes = spec.layers.flatMap((layer) => (layer.kind === "linear" ? [layer.out] : []));
  const activation = spec.layers.some(({ kind }) => kind === "tanh") ? "tanh" : "relu";
  const net = new brain.NeuralNetwork({ hiddenLayers: sizes.slice(0, -1), activation });
  net.sizes = [Number(spec.batches[0]?.x.shape[1]), ...sizes];
  net.initialize();
  const batches = spec.batches.map(({ x, y }) => {
    const inputs = rows(arrays, x, 0);
    return rows(arrays, y, spec.classes).map((output, i) => ({ input: inputs[i], output }));
  });
  let i = 0;
  return {
    step() {
      net.trainPatterns(batches[i++ % batches.length]);
    },
  };
}
