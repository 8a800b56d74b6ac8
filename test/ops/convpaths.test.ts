import { describe, expect, it } from "vitest";
import * as sg from "../../src/index.ts";
import { cat, conv2d, grad, memory, scope, tensor, type Tensor } from "../../src/index.ts";
import { expectClose, noise } from "../kernels/buffers.ts";

/** A convolution whose shape has kernels of its own, and the same in pieces whose shapes have none. */
interface Case {
  readonly name: string;
  readonly x: readonly number[];
  readonly weight: readonly number[];
  readonly groups?: number;
  readonly stride?: number;
  readonly padding: number;
}

const CASES: readonly Case[] = [
  { name: "tiles", x: [3, 12, 11, 13], weight: [10, 12, 3, 3], padding: 1 },
  { name: "tiles without padding", x: [4, 9, 14, 12], weight: [16, 9, 3, 3], padding: 0 },
  { name: "a window a channel", x: [2, 6, 9, 10], weight: [6, 1, 3, 3], groups: 6, padding: 1 },
  {
    name: "a window a channel, strided",
    x: [2, 6, 9, 10],
    weight: [6, 1, 5, 4],
    groups: 6,
    stride: 2,
    padding: 2,
  },
];

const part = (t: Tensor, dim: number, start: number, length: number): Tensor =>
  sg.narrow(t, { dim, start, length });

/** A channel at a time: summed, or of a group each side by side. */
function inPieces(
  x: Tensor,
  weight: Tensor,
  bias: Tensor,
  { groups = 1, stride = 1, padding }: Case,
): Tensor {
  const channels = Array.from({ length: x.shape[1] as number }, (_, c) => c);
  const pieces = channels.map((c) => {
    const by = groups > 1 ? part(weight, 0, c, 1) : part(weight, 1, c, 1);
    return conv2d(part(x, 1, c, 1), by, null, { stride, padding });
  });
  const out = groups > 1 ? cat(pieces, { dim: 1 }) : pieces.reduce((a, b) => sg.add(a, b));
  return sg.add(out, sg.reshape(bias, [-1, 1, 1]));
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

describe("convolutions that have kernels of their own", () => {
  it.each(CASES)("$name: results, gradients and their gradients", (one) => {
    const before = memory().live;
    scope(() => {
      const { groups = 1, stride = 1, padding } = one;
      const make = (shape: readonly number[], seed: number): Tensor =>
        tensor(noise(sizeOf(shape), seed), { shape: [...shape], requiresGrad: true });
      const inputs = [make(one.x, 1), make(one.weight, 2), make([one.weight[0] as number], 3)] as const;
      const [x, weight, bias] = inputs;
      const both = [conv2d(x, weight, bias, { groups, stride, padding }), inPieces(x, weight, bias, one)];
      const [actual, expected] = both.map((out) => {
        const loss = sg.sum(sg.pow(out, 3));
        const first = grad(loss, [x, weight, bias], { createGraph: true });
        const norm = first.map((g) => sg.sum(sg.square(g))).reduce((a, b) => sg.add(a, b));
        return [out, ...first, ...grad(norm, [x, weight, bias])].map((t) => Array.from(t.data));
      }) as [number[][], number[][]];
      for (const [i, values] of expected.entries()) {
        const absolute = 1e-5 * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expectClose(actual[i] ?? [], values, { absolute, relative: 0, what: `result ${i}` });
      }
    });
    expect(memory().live).toBe(before);
  });
});
