// The peers are installed in bench/ only, so their own types may be absent when the project's types are checked.
declare module "@tensorflow/tfjs";
declare module "@tensorflow/tfjs-backend-wasm";
declare module "@tensorflow/tfjs-core";
declare module "@jax-js/jax";
declare module "onnxruntime-web/wasm";
declare module "onnx-proto";
declare module "brain.js";
