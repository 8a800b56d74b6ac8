// And with the parts for training, each whole.
export * from "./tensors.js";
export { data, io, nn, optim } from "simdgrad";
