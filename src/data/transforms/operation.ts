import { parallelism } from "../../program/emit.ts";
import * as k from "../../program/kernels.gen.ts";
import { contiguous, empty, type Tensor } from "../../tensor/tensor.ts";
import { withWorkspace } from "../../tensor/storage.ts";
import { f32 } from "../../wasm/views.ts";
import type { BatchContext } from "../transform.ts";
import { drawsOf, type Draw } from "./draws.ts";

/** Operations of assembly/kernels/augment.ts: code and arguments. */
export type Operation = readonly [code: number, ...numbers: number[]];

export const COPY: Operation = [0];

/** The box at (top, left), which may reach outside, then flipped. */
export const crop = (
  top: number,
  left: number,
  { across = false, down = false, fill = 0 }: { across?: boolean; down?: boolean; fill?: number } = {},
): Operation => [1, top, left, Number(across), Number(down), fill];

export type Interpolation = "nearest" | "bilinear";

/** Reads at matrix · (x, y, 1), from the image's middle. */
export const warp = (matrix: Matrix, interpolation: Interpolation, fill: number): Operation => [
  interpolation === "nearest" ? 2 : 3,
  ...matrix,
  fill,
];
export type Matrix = readonly [number, number, number, number, number, number];

/** Top, left, height and width of a part of an image. */
export type Box = readonly [top: number, left: number, height: number, width: number];

export const resizeBox = (box: Box, antialias: boolean): Operation => [4, ...box, Number(antialias)];
export const erase = (box: Box, value: number): Operation => [5, ...box, value];
/** The box of row `partner` of the batch. */
export const paste = (box: Box, partner: number): Operation => [6, ...box, partner];
export const mix = (weight: number, partner: number): Operation => [7, weight, partner];
export const brightness = (factor: number): Operation => [8, factor];
export const contrast = (factor: number): Operation => [9, factor];
export const saturation = (factor: number): Operation => [10, factor];
export const hue = (shift: number): Operation => [11, shift];
export const solarize = (threshold: number): Operation => [12, threshold];
export const posterize = (levels: number): Operation => [13, levels];
export const AUTOCONTRAST: Operation = [14];
export const EQUALIZE: Operation = [15];
export const sharpen = (factor: number): Operation => [16, factor];

/** Words of an operation in the kernel's table. */
const ROW = 8;

/**
 * New images [n, c, …size] from x [n, c, h, w] by one list of operations a sample, all lists of one length.
 * Where nothing is to be done and the size stays, x itself.
 */
export function operate(
  x: Tensor,
  lists: readonly (readonly Operation[])[],
  size: readonly [number, number] = [x.shape[2] as number, x.shape[3] as number],
): Tensor {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const steps = lists[0]?.length ?? 0;
  const same = size[0] === h && size[1] === w;
  if (same && lists.every((list) => list.every((operation) => operation === COPY))) return x;
  const images = contiguous(x);
  const out = empty([n, c, ...size], "f32");
  const table = empty([n, steps, ROW], "f32");
  const words = f32.subarray(table.ptr >>> 2, (table.ptr >>> 2) + table.size);
  lists.forEach((list, i) => {
    list.forEach((operation, step) => words.set(operation, (i * steps + step) * ROW));
  });
  if (out.size > 0) {
    withWorkspace(k.imageOps_f32_workspace(w, parallelism()), (workspace) => {
      k.imageOps_f32(out.ptr, images.ptr, table.ptr, workspace, n, c, h, w, ...size, steps);
    });
  }
  return out;
}

/** `operate` with one operation a sample, which `choose` makes from the sample's random numbers. */
export function operateEach(
  x: Tensor,
  context: BatchContext,
  choose: (draw: Draw, row: number) => Operation,
  size?: readonly [number, number],
): Tensor {
  const rows = Array.from({ length: context.indices.length }, (_, row) => [
    choose(drawsOf(context, row), row),
  ]);
  return operate(x, rows, size);
}
