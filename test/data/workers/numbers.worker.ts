/** A worker whose dataset can be told to do everything that may go wrong. */
import { workerData } from "node:worker_threads";
import { data, FormatError, mul, tensor, type Tensor } from "../../../src/index.ts";

export type Sample = [x: Tensor, rest: { y: Tensor; half: Tensor; name: string }];

export interface Behaviour {
  readonly length: number;
  /** Samples that fail, that end the worker, that kill it with an error nobody catches, and that never come. */
  readonly throws?: number;
  readonly exits?: number;
  readonly crashes?: number;
  readonly hangs?: number;
  /** Milliseconds for a sample. */
  readonly takes?: number;
  /** Where the worker counts the samples that it began, and those whose request was cancelled. */
  readonly counts?: Int32Array;
  readonly transform?: boolean;
  /** Fails before it serves anything. */
  readonly broken?: boolean;
}

const behaviour = workerData as Behaviour;
if (behaviour.broken) throw new Error("no such folder");

async function get(index: number, request?: data.SampleRequest): Promise<Sample> {
  const { counts, takes = 0 } = behaviour;
  if (counts) Atomics.add(counts, 0, 1);
  if (index === behaviour.throws) throw new FormatError(`image ${index}.png is broken`);
  if (index === behaviour.exits) process.exit(3);
  if (index === behaviour.crashes) {
    setTimeout(() => {
      throw new TypeError("nobody catches this");
    });
  }
  if (index === behaviour.hangs || index === behaviour.crashes) await new Promise(() => undefined);
  if (takes > 0) await new Promise((resolve) => setTimeout(resolve, takes));
  if (counts && request?.signal.aborted) Atomics.add(counts, 1, 1);
  return [
    tensor([index, index + 0.5]),
    {
      y: tensor(index, { dtype: "i32" }),
      half: tensor([[index]], { dtype: "f16" }),
      name: "numbers",
    },
  ];
}

// What is no tensor comes through where a dataset makes its batches itself.
const whole: data.Dataset<Sample> = {
  length: behaviour.length,
  get,
  async batch(indices, request) {
    const samples = await Promise.all(Array.from(indices, (index) => get(index, request)));
    const rows = samples.map(([x]) => x.toArray() as number[]);
    const column = { dtype: "i32", shape: [samples.length] } as const;
    const batch: Sample = [
      tensor(rows),
      {
        y: tensor(Int32Array.from(indices), column),
        half: tensor(
          Array.from(indices, (index) => [[index]]),
          { dtype: "f16" },
        ),
        name: "numbers",
      },
    ];
    for (const [x, { y, half }] of samples) for (const t of [x, y, half]) t.dispose();
    return batch;
  },
};

const transform: data.BatchTransform<Sample> = ([x, rest], { seed, epoch, indices }) => [
  mul(x, tensor(100 * seed + 10 * epoch + indices.length)),
  rest,
];
data.serve(whole, behaviour.transform ? { transform } : {});
