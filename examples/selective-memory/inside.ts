import { cat, chunk, linear, noGrad, type nn, type Tensor, zeros } from "simdgrad";

/** What happens in an LSTM: each tensor [n, length, cells]. */
export interface Inside {
  /** How far the input gate lets new content in, 0 to 1. */
  readonly input: Tensor;
  /** How much of the old content the forget gate keeps, 0 to 1. */
  readonly forget: Tensor;
  /** The content, between −1 and 1. */
  readonly content: Tensor;
}

/** Watches an LSTM reading x [n, length, features], by its equations: a gate is made of the input and of the state before. */
export function lookInside(memory: nn.LSTM, x: Tensor): Inside {
  const weight = memory.stateDict() as Record<`${"weight" | "bias"}_${"ih" | "hh"}_l0`, Tensor>;
  return noGrad(() => {
    const [states] = memory.forward(x);
    const [n = 0, , cells = 0] = states.shape;
    const before = cat([zeros([n, 1, cells]), states.slice({ dim: 1, end: -1 })], { dim: 1 });
    const ofInput = linear(x, weight.weight_ih_l0, weight.bias_ih_l0);
    const ofState = linear(before, weight.weight_hh_l0, weight.bias_hh_l0);
    const gates = chunk(ofInput.add(ofState), 4, { dim: 2 }).map((sum) => sum.sigmoid());
    const [input, forget, , output] = gates as [Tensor, Tensor, Tensor, Tensor];
    return { input, forget, content: states.div(output) };
  });
}

export interface Keeper {
  readonly cell: number;
  /** Means over all sequences: its input gate at the marked steps and at the others, its forget gate at all. */
  readonly inputAtMarks: number;
  readonly inputElsewhere: number;
  readonly forget: number;
}

/** The cell whose input gate tells marked steps from others best. */
export function findKeeper({ input, forget }: Inside, x: Tensor): Keeper {
  return noGrad(() => {
    const marks = x.select(2, 1).unsqueeze(2);
    const meanWhere = (gate: Tensor, share: Tensor): Tensor =>
      gate
        .mul(share)
        .sum({ dim: [0, 1] })
        .div(share.sum());
    const atMarks = meanWhere(input, marks);
    const elsewhere = meanWhere(input, marks.mul(-1).add(1));
    const cell = atMarks.sub(elsewhere).argmax().item();
    const at = (means: Tensor): number => means.select(0, cell).item();
    return {
      cell,
      inputAtMarks: at(atMarks),
      inputElsewhere: at(elsewhere),
      forget: at(forget.mean({ dim: [0, 1] })),
    };
  });
}
