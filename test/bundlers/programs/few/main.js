import { matmul, tensor } from "simdgrad";

const product = matmul(tensor([[1, 2], [3, 4]]), tensor([[5], [6]])); // prettier-ignore
globalThis.result = { product: Array.from(product.data) };
