// What a program of tensors and gradients takes: the runtime, its kernels, all ops by their methods.
export {
  backendInfo,
  backward,
  enableGrad,
  grad,
  init,
  matmul,
  memory,
  noGrad,
  scope,
  tensor,
  Tensor,
} from "simdgrad";
