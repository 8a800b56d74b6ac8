/** What every program has: memory, tensors, all ops and their gradients. Layers, optimisers, data and training are parts of their own. */
import { installMethods } from "./ops/methods.ts";

export { anomalyMode, isAnomalyMode, setAnomalyMode, type AnomalyOptions } from "./autograd/anomaly.ts";
export { backward, grad, type BackwardOptions, type GradOptions } from "./autograd/backward.ts";
export { checkpoint } from "./autograd/checkpoint.ts";
export { customFunction, type CustomFunction, type FunctionContext } from "./autograd/custom.ts";
export { graphDump, type GraphDumpOptions, type LeafNames } from "./autograd/dump.ts";
export { hessian, hvp, jacobian, jvp, vjp, type FunctionalOptions } from "./autograd/functional.ts";
export { gradcheck, gradgradcheck, type GradcheckOptions } from "./autograd/gradcheck.ts";
export { registerHook, retainGrad, type Hook, type HookHandle } from "./autograd/hooks.ts";
export { detach } from "./autograd/leaf.ts";
export { enableGrad, isGradEnabled, noGrad, scope } from "./autograd/mode.ts";
export * from "./errors.ts";
export * from "./ops/index.ts";
export {
  arange,
  full,
  ones,
  onesLike,
  tensor,
  zeros,
  zerosLike,
  type FillOptions,
  type TensorData,
  type TensorOptions,
} from "./tensor/create.ts";
export type { DType, HalfDType, TypedArray } from "./tensor/dtype.ts";
export { keep } from "./tensor/lifetime.ts";
export { destroy, memory, resetPeakMemory, type MemoryStats } from "./tensor/memory.ts";
export {
  getRandomState,
  manualSeed,
  rand,
  randint,
  randn,
  randperm,
  setRandomState,
} from "./tensor/random.ts";
export type { Shape } from "./tensor/shape.ts";
export { leakReport, traceAllocations, type Leak, type LeakReport } from "./tensor/sites.ts";
export type { Tally } from "./tensor/storage.ts";
export { Tensor, type NestedArray } from "./tensor/tensor.ts";
export { backendInfo, init, type BackendInfo, type InitOptions } from "./wasm/engine.ts";
export type { WasmBinary, WasmSource } from "./wasm/source.ts";
export { VERSION as version } from "./version.ts";

// The class is declared without maths (tensor/), so its methods are added where everything comes together.
installMethods();
