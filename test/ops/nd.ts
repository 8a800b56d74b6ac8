/** Reference arrays in double precision: what the ops are checked against. Simple and slow on purpose. */
export interface Nd {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const nd = (shape: readonly number[], data: ArrayLike<number>): Nd => ({
  shape,
  data: Float64Array.from(data),
});

/** All indices of a shape, row-major. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  const n = sizeOf(shape);
  for (let flat = 0; flat < n; flat++) {
    const index = new Array<number>(shape.length);
    for (let d = shape.length - 1, rest = flat; d >= 0; d--) {
      index[d] = rest % (shape[d] as number);
      rest = Math.floor(rest / (shape[d] as number));
    }
    yield index;
  }
}

export function at(x: Nd, index: readonly number[]): number {
  let flat = 0;
  for (let d = 0; d < x.shape.length; d++) flat = flat * (x.shape[d] as number) + (index[d] as number);
  return x.data[flat] as number;
}

/** An element, or 0 outside of the array. */
export function padded(x: Nd, index: readonly number[], outside = 0): number {
  return index.every((i, d) => i >= 0 && i < (x.shape[d] as number)) ? at(x, index) : outside;
}

export function fromFn(shape: readonly number[], f: (index: number[]) => number): Nd {
  return nd(
    shape,
    Array.from(indices(shape), (index) => f(index)),
  );
}

export const map = (x: Nd, f: (v: number) => number): Nd => nd(x.shape, x.data.map(f));

export function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, d) => {
    const x = a[a.length - rank + d] ?? 1;
    const y = b[b.length - rank + d] ?? 1;
    return x === 1 ? y : x;
  });
}

/** The element of `x` that stands at `index` of a broadcast shape. */
export const spread = (x: Nd, index: readonly number[]): number =>
  at(
    x,
    x.shape.map((n, d) => (n === 1 ? 0 : (index[index.length - x.shape.length + d] as number))),
  );

export function zip(x: Nd, y: Nd, f: (a: number, b: number) => number): Nd {
  return fromFn(broadcast(x.shape, y.shape), (index) => f(spread(x, index), spread(y, index)));
}

/** Reduces the dims (default all) with f over the values in row-major order. */
export function reduce(
  x: Nd,
  how: { dim?: number | readonly number[]; keepdim?: boolean },
  f: (values: number[]) => number,
): Nd {
  const rank = x.shape.length;
  const dims =
    how.dim === undefined ? x.shape.map((_, d) => d) : [how.dim].flat().map((d) => (d < 0 ? d + rank : d));
  const kept = x.shape.map((n, d) => (dims.includes(d) ? 1 : n));
  const groups = new Map<string, number[]>();
  for (const index of indices(kept)) groups.set(index.join(), []);
  for (const index of indices(x.shape))
    groups.get(index.map((i, d) => (dims.includes(d) ? 0 : i)).join())?.push(at(x, index));
  const data = [...groups.values()].map(f);
  return nd(how.keepdim ? kept : x.shape.filter((_, d) => !dims.includes(d)), data);
}

export function matmul(x: Nd, y: Nd): Nd {
  const [m, k] = x.shape.slice(-2) as [number, number];
  const n = y.shape.at(-1) as number;
  const batch = broadcast(x.shape.slice(0, -2), y.shape.slice(0, -2));
  const pick = (t: Nd, lead: readonly number[], i: number, j: number): number => {
    const own = t.shape
      .slice(0, -2)
      .map((size, d) => (size === 1 ? 0 : (lead[lead.length - t.shape.length + 2 + d] as number)));
    return at(t, [...own, i, j]);
  };
  return fromFn([...batch, m, n], (index) => {
    const lead = index.slice(0, -2);
    const [i, j] = index.slice(-2) as [number, number];
    let sum = 0;
    for (let p = 0; p < k; p++) sum += pick(x, lead, i, p) * pick(y, lead, p, j);
    return sum;
  });
}

export const permute = (x: Nd, dims: readonly number[]): Nd =>
  fromFn(
    dims.map((d) => x.shape[d] as number),
    (index) => {
      const source = new Array<number>(dims.length);
      dims.forEach((d, i) => (source[d] = index[i] as number));
      return at(x, source);
    },
  );

export const total = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
export const average = (values: readonly number[]): number => total(values) / values.length;

/** Variance. */
export const spreadOf = (values: readonly number[], correction = 1): number => {
  const m = average(values);
  return total(values.map((v) => (v - m) * (v - m))) / Math.max(0, values.length - correction);
};
