import { ShapeError, ValueError } from "../errors.ts";
import { composite } from "../tensor/lifetime.ts";
import { formatShape, sizeOf } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { mul } from "./arithmetic.ts";
import { to } from "./cast.ts";
import { matmul } from "./matmul.ts";
import { flatten, permute, reshape, slice } from "./movement.ts";
import { sum } from "./reduce.ts";

/** A tensor whose dimensions have names: a letter, or for those of an ellipsis their place counted from its end. */
interface Term {
  readonly t: Tensor;
  readonly names: readonly string[];
}

interface Equation {
  /** Names of each operand's dimensions. */
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

const ELLIPSIS = "...";

/** The names of one subscript's dimensions, for a tensor of `ndim` of them. */
function namesOf(equation: string, subscript: string, ndim: number, operand: number): string[] {
  const at = subscript.indexOf(ELLIPSIS);
  const letters = subscript.replace(ELLIPSIS, "");
  const wrong = /[^A-Za-z]/.exec(letters);
  if (wrong !== null) {
    throw new ValueError(
      `einsum: "${wrong[0]}" in "${equation}" is no subscript; use letters, one "..." an operand, commas and one "->"`,
    );
  }
  const hidden = ndim - letters.length;
  if (at < 0 ? hidden !== 0 : hidden < 0) {
    throw new ShapeError(
      `einsum: "${subscript}" names ${letters.length} dimensions${at < 0 ? "" : " besides the ellipsis"}, operand ${operand} has ${ndim} ("${equation}")`,
    );
  }
  if (at < 0) return Array.from(letters);
  const between = Array.from({ length: hidden }, (_, i) => String(hidden - 1 - i));
  return [...Array.from(letters.slice(0, at)), ...between, ...Array.from(letters.slice(at))];
}

function parse(equation: string, operands: readonly Tensor[]): Equation {
  const [left, right, ...rest] = equation.replaceAll(" ", "").split("->") as [string, ...string[]];
  if (rest.length > 0) throw new ValueError(`einsum: "${equation}" has more than one "->"`);
  const subscripts = left.split(",");
  if (subscripts.length !== operands.length) {
    throw new ValueError(
      `einsum: "${equation}" has ${subscripts.length} operands, ${operands.length} were given`,
    );
  }
  const inputs = subscripts.map((s, i) => namesOf(equation, s, (operands[i] as Tensor).ndim, i));
  const all = inputs.flat();
  // The longest ellipsis, outermost dimension first.
  const hidden = [...new Set(all.filter(isHidden))].sort((a, b) => Number(b) - Number(a));
  if (right === undefined) {
    const once = all.filter((name) => !isHidden(name) && all.indexOf(name) === all.lastIndexOf(name));
    return { inputs, output: [...hidden, ...once.sort()] };
  }
  const output = namesOf(
    equation,
    right,
    right.replace(ELLIPSIS, "").length + (right.includes(ELLIPSIS) ? hidden.length : 0),
    operands.length,
  );
  output.forEach((name, i) => {
    if (output.indexOf(name) !== i)
      throw new ValueError(`einsum: "${name}" appears twice in the output of "${equation}"; once is enough`);
    if (!all.includes(name))
      throw new ValueError(`einsum: "${name}" is in the output of "${equation}" but in no operand`);
  });
  return { inputs, output };
}

const isHidden = (name: string): boolean => /^\d/.test(name);

/** The size of each name; 1 broadcasts, as in PyTorch. */
function sizesOf(
  equation: string,
  operands: readonly Tensor[],
  inputs: Equation["inputs"],
): Map<string, number> {
  const sizes = new Map<string, number>();
  inputs.forEach((names, i) => {
    names.forEach((name, d) => {
      const n = operands[i]?.shape[d] as number;
      const known = sizes.get(name) ?? 1;
      if (known !== 1 && n !== 1 && n !== known) {
        const what = isHidden(name) ? `dimension −${Number(name) + 1} of the ellipsis` : `"${name}"`;
        throw new ShapeError(
          `einsum: ${what} of "${equation}" has size ${n} in operand ${i} ${formatShape(operands[i]?.shape ?? [])} and ${known} before; sizes must be equal, or one of them 1`,
        );
      }
      sizes.set(name, known === 1 ? n : known);
    });
  });
  return sizes;
}

/** Merges a name that stands twice into the diagonal: every (n + 1)-th element of the two dimensions laid in one. */
function diagonal({ t, names }: Term, equation: string): Term {
  const second = names.findIndex((name, d) => names.indexOf(name) !== d);
  if (second < 0) return { t, names };
  const name = names[second] as string;
  const first = names.indexOf(name);
  const n = t.shape[first] as number;
  if (t.shape[second] !== n) {
    throw new ShapeError(
      `einsum: "${name}" stands for ${n} and for ${t.shape[second]} in one operand ${formatShape(t.shape)} of "${equation}"; a diagonal needs equal sizes`,
    );
  }
  const others = names.map((_, d) => d).filter((d) => d !== first && d !== second);
  const square = flatten(permute(t, [...others, first, second]), { startDim: -2 });
  const rest = [...others.map((d) => names[d] as string), name];
  return diagonal({ t: slice(square, { dim: -1, step: n + 1 }), names: rest }, equation);
}

/** Drops dimensions of size 1 that another operand spreads: broadcasting does the rest. */
function narrowed({ t, names }: Term, sizes: ReadonlyMap<string, number>): Term {
  const kept = names.map((_, d) => d).filter((d) => t.shape[d] !== 1 || sizes.get(names[d] as string) === 1);
  if (kept.length === names.length) return { t, names };
  return {
    t: reshape(
      t,
      kept.map((d) => t.shape[d] as number),
    ),
    names: kept.map((d) => names[d] as string),
  };
}

/** Sums the dimensions that are not wanted. */
function summed({ t, names }: Term, wanted: ReadonlySet<string>): Term {
  const dims = names.map((_, d) => d).filter((d) => !wanted.has(names[d] as string));
  if (dims.length === 0) return { t, names };
  return { t: sum(t, { dim: dims }), names: names.filter((name) => wanted.has(name)) };
}

const ordered = ({ t, names }: Term, order: readonly string[]): Tensor =>
  permute(
    t,
    order.map((name) => names.indexOf(name)),
  );

/** The product of two terms, summed over what is not wanted: a batch of matrix products, or without sums an outer product. */
function contract(x: Term, y: Term, wanted: ReadonlySet<string>, sizes: ReadonlyMap<string, number>): Term {
  const own = (a: Term, b: Term): ReadonlySet<string> =>
    new Set([...wanted, ...b.names.filter((n) => a.names.includes(n))]);
  const a = summed(x, own(x, y));
  const b = summed(y, own(y, x));
  const shared = a.names.filter((name) => b.names.includes(name));
  const batch = shared.filter((name) => wanted.has(name));
  const inner = shared.filter((name) => !wanted.has(name));
  const rows = a.names.filter((name) => !shared.includes(name));
  const columns = b.names.filter((name) => !shared.includes(name));
  const names = [...batch, ...rows, ...columns];
  const shapeOf = (list: readonly string[]): number[] => list.map((name) => sizes.get(name) as number);
  const ones = (list: readonly string[]): number[] => list.map(() => 1);
  if (inner.length === 0) {
    const left = reshape(ordered(a, [...batch, ...rows]), [
      ...shapeOf([...batch, ...rows]),
      ...ones(columns),
    ]);
    const right = reshape(ordered(b, [...batch, ...columns]), [
      ...shapeOf(batch),
      ...ones(rows),
      ...shapeOf(columns),
    ]);
    return { t: mul(left, right), names };
  }
  const [count, m, k, n] = [batch, rows, inner, columns].map((list) => sizeOf(shapeOf(list))) as [
    number,
    number,
    number,
    number,
  ];
  const lead = batch.length === 0 ? [] : [count];
  const left = reshape(ordered(a, [...batch, ...rows, ...inner]), [...lead, m, k]);
  const right = reshape(ordered(b, [...batch, ...inner, ...columns]), [...lead, k, n]);
  return { t: reshape(matmul(left, right), shapeOf(names)), names };
}

/** The two terms that are cheapest to contract, the first on ties. */
function cheapest(terms: readonly Term[], sizes: ReadonlyMap<string, number>): [number, number] {
  let best: [number, number] = [0, 1];
  let least = Infinity;
  for (let i = 0; i < terms.length; i++) {
    for (let j = i + 1; j < terms.length; j++) {
      const names = new Set([...(terms[i] as Term).names, ...(terms[j] as Term).names]);
      const cost = Array.from(names).reduce((product, name) => product * (sizes.get(name) as number), 1);
      if (cost < least) [best, least] = [[i, j], cost];
    }
  }
  return best;
}

/**
 * Sums of products by Einstein's convention, with PyTorch's rules: a letter names a dimension; one that the output leaves out is summed;
 * one that an operand has twice takes the diagonal; `...` stands for the dimensions without a letter, which broadcast. Without `->` the
 * output has the ellipsis and then the letters that appear once, in alphabetical order, capitals first.
 *
 * Operands are contracted by pairs, the cheapest first, as batched matrix products. More than one operand computes in f32.
 * @throws {ValueError} an equation that cannot be read; {ShapeError} sizes that do not fit it.
 * @see https://pytorch.org/docs/stable/generated/torch.einsum.html
 * @example
 * einsum("ij,jk->ik", tensor([[1, 2], [3, 4]]), tensor([[1], [10]])); // [[21], [43]]
 * einsum("...ii", tensor([[1, 2], [3, 4]])); // 5
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  if (operands.length === 0) throw new ValueError(`einsum: "${equation}" needs at least one operand`);
  const { inputs, output } = parse(equation, operands);
  const sizes = sizesOf(equation, operands, inputs);
  return composite("einsum", () => {
    const wanted = new Set(output);
    const terms = operands.map((operand, i) => {
      const t = operands.length > 1 ? to(operand, "f32") : operand;
      return narrowed(diagonal({ t, names: inputs[i] as readonly string[] }, equation), sizes);
    });
    while (terms.length > 1) {
      const [i, j] = cheapest(terms, sizes);
      const [y] = terms.splice(j, 1) as [Term];
      const [x] = terms.splice(i, 1) as [Term];
      const later = new Set([...wanted, ...terms.flatMap((term) => term.names)]);
      terms.splice(i, 0, contract(x, y, later, sizes));
    }
    return ordered(summed(terms[0] as Term, wanted), output);
  });
}
