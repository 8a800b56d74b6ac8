import { apply } from "../autograd/apply.ts";
import type { OpRecord } from "../autograd/node.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { fillWith } from "../tensor/create.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape } from "../tensor/shape.ts";
import { copyInto, empty, view, type Tensor } from "../tensor/tensor.ts";
import { cat, clone, expand, flip, narrow } from "./movement.ts";

interface PadAttrs {
  /** What is added before and behind, for each dimension; negative amounts crop. */
  readonly before: readonly number[];
  readonly behind: readonly number[];
  readonly value: number;
}

/** A view of the part of t that begins `skip[d]` (0 where negative) into each dimension. */
function part(t: Tensor, skip: readonly number[], shape: readonly number[]): Tensor {
  const start = skip.reduce((at, n, d) => at + Math.max(0, n) * (t.strides[d] as number), t.offset);
  return view(t, shape, t.strides, start);
}

const padRecord: OpRecord<PadAttrs> = {
  name: "pad",
  forward([input], { before, behind, value }) {
    const x = input as Tensor;
    const added = (d: number): number => (before[d] as number) + (behind[d] as number);
    const out = empty(
      x.shape.map((n, d) => n + added(d)),
      x.dtype,
    );
    fillWith(out, value);
    const shared = x.shape.map(
      (n, d) => n + Math.min(0, before[d] as number) + Math.min(0, behind[d] as number),
    );
    if (!shared.includes(0)) {
      const kept = part(
        x,
        before.map((n) => -n),
        shared,
      );
      copyInto(part(out, before, shared), kept);
    }
    return out;
  },
  vjp: ([g], _s, { before, behind }) => {
    const undo = (amounts: readonly number[]): number[] => amounts.map((n) => -n);
    return [apply(padRecord, [g as Tensor], { before: undo(before), behind: undo(behind), value: 0 })];
  },
};

export type PadMode = "constant" | "reflect" | "replicate" | "circular";

/** How much of a dimension each mode can add; replicating goes on for ever. */
const REACH: Readonly<Record<Exclude<PadMode, "constant">, (n: number) => number>> = {
  reflect: (n) => n - 1,
  circular: (n) => n,
  replicate: (n) => (n > 0 ? Infinity : 0),
};

/** What stands before (or behind) x along a dimension. */
function border(x: Tensor, dim: number, amount: number, before: boolean, mode: PadMode): Tensor {
  const n = x.shape[dim] as number;
  const strip = (start: number, length: number): Tensor => narrow(x, { dim, start, length });
  if (mode === "circular") return strip(before ? n - amount : 0, amount);
  if (mode === "reflect") return flip(strip(before ? 1 : n - 1 - amount, amount), { dims: dim });
  return expand(
    strip(before ? 0 : n - 1, 1),
    x.shape.map((size, d) => (d === dim ? amount : size)),
  );
}

/** x without what negative amounts take off a dimension. */
function cropped(x: Tensor, dim: number, before: number, behind: number): Tensor {
  if (before >= 0 && behind >= 0) return x;
  const start = Math.max(0, -before);
  return narrow(x, { dim, start, length: (x.shape[dim] as number) - start + Math.min(0, behind) });
}

function padAlong(x: Tensor, dim: number, before: number, behind: number, mode: PadMode): Tensor {
  // What goes round is what is left; mirrors and edges are those of the whole x.
  const source = mode === "circular" ? cropped(x, dim, before, behind) : x;
  const parts = [source];
  if (before > 0) parts.unshift(border(source, dim, before, true, mode));
  if (behind > 0) parts.push(border(source, dim, behind, false, mode));
  const wide = parts.length > 1 ? cat(parts, { dim }) : source;
  return mode === "circular" ? wide : cropped(wide, dim, before, behind);
}

/**
 * x with borders. `padding` lists the amounts before and behind each dimension from the last on: `[left, right, top, bottom, …]`.
 * Negative amounts crop. Modes: "constant" (default; `value`, default 0), "reflect" (mirrors without the edge itself), "replicate"
 * (repeats the edge), "circular" (goes on at the other end). PyTorch's `torch.nn.functional.pad`, without its limits on ranks.
 * @throws {ValueError} an odd or too long list, amounts that are not whole, an unknown mode.
 * @throws {ShapeError} cropping more than there is, or mirroring (going round) further than the dimension reaches.
 * @example
 * pad(tensor([[1, 2]]), [1, 0]); // [[0, 1, 2]]
 * pad(tensor([1, 2, 3]), [1, 2], { mode: "reflect" }); // [2, 1, 2, 3, 2, 1]
 */
export const pad = /* @__PURE__ */ Object.assign(
  (x: Tensor, padding: readonly number[], options: { mode?: PadMode; value?: number } = {}): Tensor => {
    const { mode = "constant", value = 0 } = options;
    const { before, behind } = amounts(x, padding);
    if (mode !== "constant" && !(mode in REACH)) {
      throw new ValueError(
        `pad: mode must be "constant", "reflect", "replicate" or "circular", got ${JSON.stringify(mode)}`,
      );
    }
    x.shape.forEach((n, d) => {
      const [low, high] = [before[d] as number, behind[d] as number];
      const left = n + Math.min(0, low) + Math.min(0, high);
      if (left < 0) {
        throw new ShapeError(
          `pad: [${low}, ${high}] crops more than dimension ${d} of ${formatShape(x.shape)} has`,
        );
      }
      if (mode === "constant") return;
      const reach = Math.max(0, REACH[mode](mode === "circular" ? left : n));
      if (Math.max(low, high) > reach) {
        throw new ShapeError(
          `pad: mode "${mode}" can add at most ${reach} on each side of dimension ${d} of ${formatShape(x.shape)}, got [${low}, ${high}]`,
        );
      }
    });
    if (mode === "constant") return apply(padRecord, [x], { before, behind, value });
    return composite("pad", () => {
      const out = x.shape.reduceRight(
        (t, _, d) => padAlong(t, d, before[d] as number, behind[d] as number, mode),
        x,
      );
      return out.storage === x.storage ? clone(out) : out;
    });
  },
  { record: padRecord },
);

/** The list of pairs from the last dimension on, by dimension. */
function amounts(x: Tensor, padding: readonly number[]): { before: number[]; behind: number[] } {
  if (padding.length % 2 !== 0 || padding.length > 2 * x.ndim || !padding.every(Number.isInteger)) {
    throw new ValueError(
      `pad: padding must be pairs of whole numbers, before and behind, for at most the ${x.ndim} dimensions of ${formatShape(x.shape)}, the last first; got [${padding.join(", ")}]`,
    );
  }
  const of = (side: number) => x.shape.map((_, d) => padding[2 * (x.ndim - 1 - d) + side] ?? 0);
  return { before: of(0), behind: of(1) };
}
