/** @import { Arrays, ArrayAt, Contender, ConvSpec, GemmSpec, Ready } from "../types.d.ts" */

/** The packages' types are not there when the project's are checked (peers.d.ts). */
/** @typedef {any} Ort */
/** @typedef {any} Onnx */

/**
 * ONNX Runtime Web: graphs of one node, one thread.
 * @returns {Promise<Contender>}
 */
export async function start() {
  const ort = await import("onnxruntime-web/wasm");
  const { default: onnx } = await import("onnx-proto");
  ort.env.wasm.numThreads = 1;
  return {
    about: `ONNX Runtime Web ${ort.env.versions.web}, wasm, 1 thread`,
    open(spec, arrays) {
      if (spec.kind === "gemm") return openGemm(ort, onnx, spec, arrays);
      if (spec.kind === "conv" && spec.pass === "forward") return openConv(ort, onnx, spec, arrays);
      throw new Error("ONNX Runtime Web infers: it has no gradients (training was removed in 2024)");
    },
  };
}

/**
 * @param {Ort} ort
 * @param {Onnx} onnx
 * @param {GemmSpec} spec
 * @param {Arrays} arrays
 */
const openGemm = (ort, onnx, { arrays: { a, b }, n }, arrays) =>
  openNode(ort, onnx, { opType: "MatMul", input: ["a", "b"] }, { a, b }, [n, n], arrays);

/**
 * @param {Ort} ort
 * @param {Onnx} onnx
 * @param {ConvSpec} spec
 * @param {Arrays} arrays
 */
function openConv(ort, onnx, { arrays: { x, w, g } }, arrays) {
  const { INTS } = onnx.onnx.AttributeProto.AttributeType;
  const attribute = [
    { name: "kernel_shape", ints: [3, 3], type: INTS },
    { name: "pads", ints: [1, 1, 1, 1], type: INTS },
  ];
  return openNode(ort, onnx, { opType: "Conv", input: ["x", "w"], attribute }, { x, w }, g.shape, arrays);
}

/**
 * A graph of one node: the first operand is its input, the second a constant, as a model's weights are.
 * @param {Ort} ort
 * @param {Onnx} onnx the package
 * @param {{ opType: string, input: [string, string], attribute?: object[] }} node
 * @param {Record<string, ArrayAt>} operands
 * @param {number[]} shape of the result
 * @param {Arrays} arrays
 * @returns {Promise<Ready>}
 */
async function openNode(ort, { onnx }, node, operands, shape, arrays) {
  const { FLOAT } = onnx.TensorProto.DataType;
  /** @param {string} name @param {number[]} dims */
  const value = (name, dims) => ({
    name,
    type: { tensorType: { elemType: FLOAT, shape: { dim: dims.map((dimValue) => ({ dimValue })) } } },
  });
  const [input, weight] = node.input;
  const x = /** @type {ArrayAt} */ (operands[input]);
  const w = /** @type {ArrayAt} */ (operands[weight]);
  const floats = /** @type {Float32Array} */ (arrays(w));
  const graph = {
    name: "bench",
    node: [{ ...node, output: ["result"] }],
    input: [value(input, x.shape)],
    output: [value("result", shape)],
    initializer: [{ name: weight, dims: w.shape, dataType: FLOAT, rawData: new Uint8Array(floats.buffer) }],
  };
  const model = onnx.ModelProto.encode({ irVersion: 8, opsetImport: [{ domain: "", version: 17 }], graph });
  const session = await ort.InferenceSession.create(model.finish(), { graphOptimizationLevel: "all" });
  const feeds = { [input]: new ort.Tensor("float32", arrays(x), x.shape) };
  return {
    step: () => session.run(feeds),
    async probe() {
      const { result } = await session.run(feeds);
      return Number(result.data.at(-1));
    },
  };
}
