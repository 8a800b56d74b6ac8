import { describe, expect, it } from "vitest";
import * as sg from "../../src/index.ts";
import { ones, tensor, zeros, type Tensor } from "../../src/index.ts";

const wanted = (t: Tensor): Tensor => {
  t.requiresGrad = true;
  return t;
};

describe("convolutions at their edges", () => {
  it("an empty batch gives the weight a gradient of 0", () => {
    const [x, weight] = [wanted(zeros([0, 2, 3, 3])), wanted(ones([3, 2, 2, 2]))];
    const out = sg.conv2d(x, weight, zeros([3]));
    expect(out.shape).toEqual([0, 3, 2, 2]);
    sg.sum(out).backward();
    expect(weight.grad?.toArray()).toEqual(zeros([3, 2, 2, 2]).toArray());
    expect(x.grad?.shape).toEqual([0, 2, 3, 3]);
  });

  it("without channels the result is the bias, without outputs the gradient 0", () => {
    expect(sg.conv2d(zeros([1, 0, 2, 2]), zeros([1, 0, 1, 1]), tensor([3])).toArray()).toEqual([
      [
        [
          [3, 3],
          [3, 3],
        ],
      ],
    ]);
    const x = wanted(ones([1, 1, 2, 2]));
    sg.sum(sg.conv2d(x, zeros([0, 1, 1, 1]))).backward();
    expect(x.grad?.toArray()).toEqual(zeros([1, 1, 2, 2]).toArray());
    const row = sg.convTranspose2d(zeros([1, 0, 2, 2]), zeros([0, 1, 1, 1]));
    expect(row.toArray()).toEqual(zeros([1, 1, 2, 2]).toArray());
  });

  it("takes whole numbers as weights, computing in f32", () => {
    const [x, weight] = [tensor([[[1, 2, 3]]]), tensor([[[1, -1]]], { dtype: "i32" })];
    expect(sg.conv1d(x, weight).toArray()).toEqual([[[-1, -1]]]);
    const [i, w] = [tensor([[[1, 2]]], { dtype: "i32" }), wanted(tensor([[[1, 2]]]))];
    const out = sg.convTranspose1d(i, w, null, { stride: [2] });
    expect(out.toArray()).toEqual([[[1, 2, 2, 4]]]);
    sg.sum(out).backward();
    expect(w.grad?.toArray()).toEqual([[[3, 3]]]);
  });

  it('keeps the length of a row with padding "same"', () => {
    const row = tensor([[[1, 2, 3, 4]]]);
    expect(sg.conv1d(row, ones([1, 1, 2]), null, { padding: "same" }).toArray()).toEqual([[[3, 5, 7, 4]]]);
    expect(sg.conv1d(row, ones([1, 1, 3]), null, { padding: "same", dilation: 2 }).toArray()).toEqual([
      [[4, 6, 4, 6]],
    ]);
    expect(() => sg.conv1d(row, ones([1, 1, 0]))).toThrow(/the kernel must have a tap/);
  });
});
