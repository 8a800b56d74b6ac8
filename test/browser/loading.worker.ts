import { data, tensor, type Tensor } from "simdgrad";

/** Squares; sample 13 is broken, and sample 17 ends the worker without a word. */
const squares: data.Dataset<[Tensor, Tensor]> = {
  length: 20,
  async get(index) {
    await Promise.resolve();
    if (index === 13) throw new RangeError("sample 13 is broken");
    if (index === 17) {
      globalThis.close();
      await new Promise(() => undefined);
    }
    return [tensor([index * index]), tensor(index, { dtype: "i32" })];
  },
};

data.serve(squares);
