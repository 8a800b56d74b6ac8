import { afterEach, describe, expect, it, vi } from "vitest";
import * as sg from "../../src/index.ts";
import { noGrad, ones, tensor, zeros } from "../../src/index.ts";
import { execute, intercept } from "../../src/program/emit.ts";
import { kernelNames } from "../../src/program/kernels.gen.ts";
import type * as work from "../../src/program/work.ts";
import { i32 } from "../../src/wasm/views.ts";

/** The rule itself, also where all tests share every command. */
const { bytesOf, flopsOf, worthSharing } = await vi.importActual<typeof work>("../../src/program/work.ts");

interface Seen {
  readonly name: string;
  readonly flops: number;
  readonly bytes: number;
  readonly shared: boolean;
}

/** What is estimated of the commands of a function. */
function seen(fn: () => unknown): Seen[] {
  const found: Seen[] = [];
  const look = (address: number): number => {
    found.push({
      name: kernelNames[(i32[address >> 2] as number) & 0xfff] ?? "?",
      flops: flopsOf(address),
      bytes: bytesOf(address),
      shared: worthSharing(address),
    });
    return execute(address, 1);
  };
  noGrad(() => {
    intercept({ command: look }, fn);
  });
  return found;
}

afterEach(() => {
  sg.destroy();
});

describe("the work of a command", () => {
  it.each<[string, () => unknown, Partial<Seen>]>([
    ["add_f32", () => ones([300, 400]).add(ones([400])), { flops: 120_000, bytes: 1_440_000, shared: true }],
    ["add_f32", () => ones([300]).add(1), { flops: 300, bytes: 3600, shared: false }],
    ["exp_f32", () => ones([8000]).exp(), { flops: 8000, bytes: 64_000, shared: true }],
    ["exp_f32", () => ones([2000]).exp(), { shared: false }],
    [
      "gemm_f32",
      () => ones([64, 32]).matmul(ones([32, 16])),
      { flops: 65_536, bytes: 14_336, shared: false },
    ],
    ["gemm_f32", () => ones([5, 64, 64]).matmul(ones([5, 64, 64])), { flops: 2_621_440, shared: true }],
    [
      "conv2d_f32",
      () => sg.conv2d(ones([2, 8, 10, 10]), ones([6, 4, 3, 3]), null, { groups: 2 }),
      { flops: 2 * 2 * 6 * 64 * 4 * 9, bytes: 4 * (1600 + 768), shared: false },
    ],
    ["maxPool2d_f32", () => sg.maxPool2d(ones([2, 3, 8, 8]), { kernelSize: 2 }), { flops: 384, bytes: 1920 }],
    // All of one result is one thread's.
    ["sum_f32", () => ones([1000, 1000]).sum(), { flops: 1_000_000, bytes: 4_000_000, shared: false }],
    ["sum_f32", () => ones([1000, 1000]).sum({ dim: 1 }), { shared: true }],
    ["sort_32", () => sg.sort(ones([10, 100]), { dim: 1 }), { flops: 1000, shared: true }],
    ["permutation_i32", () => sg.randperm(100_000), { shared: false }],
    ["philoxAdvance", () => sg.rand([4]), { flops: 1, shared: false }],
    [
      "gather_8",
      () => sg.indexSelect(zeros([9, 7], { dtype: "u8" }), tensor([1, 2], { dtype: "i32" }), { dim: 0 }),
      { flops: 14 },
    ],
  ])("%s, from its words", (name, fn, expected) => {
    expect(seen(fn).find((command) => command.name === name)).toMatchObject(expected);
  });
});
