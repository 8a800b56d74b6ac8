import { isFloat, type DType } from "./dtype.ts";
import { formatShape } from "./shape.ts";

/** Above this many elements only the edges are printed (NumPy's `threshold`). */
const THRESHOLD = 1000;
const EDGE = 3;
const DIGITS = 4;

interface Printable {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly data: ArrayLike<number>;
}

/** Prints like NumPy: aligned columns, long tensors shortened in the middle, the dtype where it is not f32. */
export function formatTensor(t: Printable): string {
  const { shape, data, dtype } = t;
  const type = dtype === "f32" ? "" : `, ${dtype}`;
  if (data.length === 0) return `tensor([], shape ${formatShape(shape)}${type})`;
  const shorten = data.length > THRESHOLD;
  const shown = visibleIndices(shape, shorten);
  const texts = formatNumbers(
    shown.map((i) => data[i] as number),
    dtype,
  );
  const width = shape.length === 0 ? 0 : Math.max(...texts.map((text) => text.length));
  let at = 0;
  const build = (d: number, indent: number): string => {
    if (d === shape.length) return (texts[at++] as string).padStart(width);
    const n = shape[d] as number;
    const inner = d === shape.length - 1;
    const parts: string[] = [];
    for (const i of edges(n, shorten)) parts.push(i < 0 ? "..." : build(d + 1, indent + 1));
    const gap = inner ? ", " : `,${"\n".repeat(shape.length - d - 1)}${" ".repeat(indent + 1)}`;
    return `[${parts.join(gap)}]`;
  };
  return `tensor(${build(0, "tensor(".length)}${type})`;
}

/** The indices to print along one dimension; −1 stands for the gap. */
function edges(n: number, shorten: boolean): number[] {
  if (!shorten || n <= 2 * EDGE) return Array.from({ length: n }, (_, i) => i);
  return [0, 1, 2, -1, n - 3, n - 2, n - 1];
}

function visibleIndices(shape: readonly number[], shorten: boolean): number[] {
  let out = [0];
  for (const n of shape)
    out = out.flatMap((base) =>
      edges(n, shorten)
        .filter((i) => i >= 0)
        .map((i) => base * n + i),
    );
  return out;
}

function formatNumbers(values: readonly number[], dtype: DType): string[] {
  if (dtype === "bool") return values.map((v) => (v === 0 ? "false" : "true"));
  if (!isFloat(dtype)) return values.map(String);
  const finite = values.filter(Number.isFinite).map(Math.abs);
  const largest = Math.max(0, ...finite);
  const smallest = Math.min(Infinity, ...finite.filter((v) => v > 0));
  const text = (v: number, print: (v: number) => string): string =>
    Number.isNaN(v)
      ? "nan"
      : v === Infinity
        ? "inf"
        : v === -Infinity
          ? "-inf"
          : Object.is(v, -0)
            ? `-${print(0)}`
            : print(v);
  if (finite.every(Number.isInteger) && largest < 1e8) return values.map((v) => text(v, (x) => `${x}.`));
  if (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1e7) {
    return values.map((v) => text(v, (x) => x.toExponential(DIGITS)));
  }
  return values.map((v) => text(v, (x) => x.toFixed(DIGITS)));
}
