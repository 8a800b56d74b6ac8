import * as ops from "../../../src/ops/index.ts";
import { tensor, zeros, type Tensor } from "../../../src/index.ts";
import { at, broadcast, fromFn, indices, nd, spread, type Nd } from "../nd.ts";
import { bool, exactly, f32, i32, type OpSpec } from "../spec.ts";
import { pick, subscript, toItem, type Item } from "../subscript.ts";

const ints = (data: number[]): Tensor => tensor(data, { dtype: "i32" });

const taken = (x: Nd, items: readonly Item[]): Nd => {
  const { shape, positions } = subscript(x.shape, items);
  return nd(
    shape,
    positions.map((p) => x.data[p] as number),
  );
};

/** The indices of what is not 0. */
const hits = (x: Nd): number[][] => [...indices(x.shape)].filter((index) => at(x, index) !== 0);

export const pickingSpecs = {
  take: {
    samples: [
      { inputs: [f32([2, 3]), i32([4], -6, 6)] },
      { inputs: [f32([5]), i32([2, 3], 0, 5)] },
      { inputs: [f32([]), i32([2], -1, 1)] },
      { inputs: [f32([3]), i32([0], 0, 1)] },
    ],
    call: ([x, index]) => ops.take(x as Tensor, index as Tensor),
    reference: ([x, index]) => {
      const source = x as Nd;
      return nd(
        (index as Nd).shape,
        (index as Nd).data.map((i) => source.data[(i + source.data.length) % source.data.length] as number),
      );
    },
    errors: [
      [() => ops.take(zeros([2, 3]), ints([6])), "IndexError", /index 6 at position 0 is outside \[-6, 5\]/],
    ],
  },
  takeAlongDim: {
    samples: [
      { inputs: [f32([3, 4]), i32([3, 2], 0, 4)], attrs: 1 },
      { inputs: [f32([3, 4]), i32([1, 2], -4, 4)], attrs: -1 },
      { inputs: [f32([1, 4]), i32([3, 2], 0, 4)], attrs: 1 },
      { inputs: [f32([2, 3]), i32([2, 2], 0, 6)] },
    ],
    call: ([x, index], dim?: number) =>
      ops.takeAlongDim(x as Tensor, index as Tensor, dim === undefined ? {} : { dim }),
    reference: ([x, index], dim?: number) => {
      const [source, picks] = [x as Nd, index as Nd];
      if (dim === undefined)
        return nd(
          [picks.data.length],
          picks.data.map((i) => source.data[i] as number),
        );
      const shape = broadcast([source.shape[0] as number, 1], [picks.shape[0] as number, 1]);
      const n = source.shape[1] as number;
      return fromFn([shape[0] as number, picks.shape[1] as number], ([row, i]) => {
        const place = spread(picks, [row as number, i as number]);
        return at(source, [source.shape[0] === 1 ? 0 : (row as number), (place + n) % n]);
      });
    },
    errors: [
      [
        () => ops.takeAlongDim(zeros([2, 3]), ints([0]), { dim: 0 }),
        "ShapeError",
        /takeAlongDim: the index \[1\] must have the rank of the input \[2, 3\]/,
      ],
    ],
  },
  index: {
    samples: [
      { inputs: [f32([3, 4])], attrs: [1, { start: 1, end: 4, step: 2 }] },
      { inputs: [f32([2, 3, 2])], attrs: [null, "...", -1] },
      { inputs: [f32([4])], attrs: [{ step: -1 }] },
      { inputs: [f32([3, 4])], attrs: [pick([2, 1], [0, 2]), pick([3], [1, 1, -4])] },
      { inputs: [f32([2, 3, 2])], attrs: [pick([2], [0, 1]), ":", pick([2], [1, 1])] },
    ],
    call: ([x], items: Item[]) => ops.index(x as Tensor, ...items.map(toItem)),
    reference: ([x], items: Item[]) => taken(x as Nd, items),
    errors: [
      [() => ops.index(zeros([2, 3]), -3), "IndexError", /index -3 is outside \[-2, 1\]/],
      [() => ops.index(zeros([2]), null, 0, 0), "IndexError", /2 indices for the 1 dimensions of \[2\]/],
    ],
  },
  maskedFill: {
    samples: [
      { inputs: [f32([2, 3]), bool([2, 3])], attrs: -9 },
      { inputs: [f32([2, 3]), bool([3])], attrs: 3 },
      { inputs: [f32([3]), bool([2, 1])], attrs: 0.5 },
      { inputs: [f32([]), bool([])], attrs: 1 },
      { inputs: [f32([2, 2]), bool([2, 1]), f32([])] },
    ],
    call: ([x, mask, value], constant?: number) =>
      ops.maskedFill(x as Tensor, mask as Tensor, constant ?? (value as Tensor)),
    reference: ([x, mask, value], constant?: number) =>
      fromFn(broadcast((x as Nd).shape, (mask as Nd).shape), (i) =>
        spread(mask as Nd, i) !== 0 ? (constant ?? ((value as Nd).data[0] as number)) : spread(x as Nd, i),
      ),
    errors: [
      [() => ops.maskedFill(zeros([2]), zeros([2]), 1), "DTypeError", /the mask must be bool, got f32/],
      [
        () => ops.maskedFill(zeros([2], { dtype: "i32" }), zeros([2], { dtype: "bool" }), 0.5),
        "DTypeError",
        /value 0.5/,
      ],
      [
        () => ops.maskedFill(zeros([2]), zeros([2], { dtype: "bool" }), zeros([2])),
        "ShapeError",
        /the value must be a number or a scalar, got \[2\]/,
      ],
      ...(
        [
          ["-Infinity", '"-Infinity"'],
          [undefined, "undefined"],
          [null, "null"],
          [true, "true"],
          [[1], "an array"],
          [{}, "an object"],
        ] as const
      ).map(
        ([value, shown]) =>
          [
            () => ops.maskedFill(zeros([2]), zeros([2], { dtype: "bool" }), value as never),
            "ValueError",
            new RegExp(`maskedFill: values must be a number or a tensor, got ${shown}$`),
          ] as const,
      ),
    ],
  },
  maskedSelect: {
    samples: [
      { inputs: [f32([2, 3]), bool([2, 3])] },
      { inputs: [f32([2, 3]), exactly([3], [1, 0, 1], "bool")] },
      { inputs: [f32([3]), exactly([2, 1], [0, 1], "bool")] },
      { inputs: [f32([4]), exactly([4], [0, 0, 0, 0], "bool")] },
    ],
    call: ([x, mask]) => ops.maskedSelect(x as Tensor, mask as Tensor),
    reference: ([x, mask]) => {
      const shape = broadcast((x as Nd).shape, (mask as Nd).shape);
      const chosen = [...indices(shape)].filter((i) => spread(mask as Nd, i) !== 0);
      return nd(
        [chosen.length],
        chosen.map((i) => spread(x as Nd, i)),
      );
    },
    errors: [
      [() => ops.maskedSelect(zeros([2]), zeros([2])), "DTypeError", /the mask must be bool, got f32/],
      [
        () => ops.maskedSelect(zeros([2]), zeros([3], { dtype: "bool" })),
        "ShapeError",
        /maskedSelect: shapes \[2\] and \[3\] do not broadcast/,
      ],
    ],
  },
  nonzero: {
    samples: [
      { inputs: [exactly([2, 3], [0, 1.5, NaN, -0, 0, -2])] },
      { inputs: [i32([3, 2, 4], -1, 2)] },
      { inputs: [bool([70])] },
      { inputs: [exactly([2], [0, 0])] },
      { inputs: [exactly([], [3])] },
      { inputs: [f32([0, 3])] },
    ],
    call: ([x]) => ops.nonzero(x as Tensor),
    reference: ([x]) => {
      const found = hits(x as Nd);
      return nd([found.length, (x as Nd).shape.length], found.flat());
    },
    dtype: "i32",
    gradients: [],
  },
  bincount: {
    samples: [
      { inputs: [i32([20], 0, 6)], attrs: {} },
      { inputs: [i32([5], 0, 3)], attrs: { minlength: 7 } },
      { inputs: [i32([0], 0, 3)], attrs: { minlength: 2 } },
    ],
    call: ([x], a: object) => ops.bincount(x as Tensor, a),
    reference: ([x], { minlength = 0 }: { minlength?: number }) => {
      const { data } = x as Nd;
      return fromFn(
        [Math.max(minlength, ...data.map((v) => v + 1))],
        ([k]) => data.filter((v) => v === k).length,
      );
    },
    dtype: "i32",
    gradients: [],
    errors: [
      [() => ops.bincount(ints([1, -2])), "IndexError", /classes must not be negative, got -2/],
      [
        () => ops.bincount(zeros([2, 2], { dtype: "i32" })),
        "ShapeError",
        /takes one dimension, got \[2, 2\]/,
      ],
      [
        () => ops.bincount(ints([1]), { weights: zeros([2]) }),
        "ShapeError",
        /weights \[2\] must have the shape of the input \[1\]/,
      ],
      [() => ops.bincount(ints([1]), { minlength: -1 }), "ValueError", /minlength/],
      [() => ops.bincount(zeros([2])), "DTypeError", /whole numbers \(i32\), got f32/],
    ],
  },
} satisfies Record<string, OpSpec>;
