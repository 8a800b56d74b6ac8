/** Trains for the tests of remote training, and misbehaves where it is asked to. */
import {
  crossEntropy,
  data,
  manualSeed,
  nn,
  optim,
  tensor,
  train,
  ValueError,
  type Tensor,
} from "../../src/index.ts";
import { installMethods } from "../../src/ops/methods.ts";

// The bundler drops what src/index.ts does, as package.json allows it for the library's own bundle.
installMethods();

export interface Input {
  readonly epochs: number;
  readonly misbehave?: "throw" | "exit" | "hang" | "nan";
}

export type Report = { readonly started: number } | { readonly echo: string };

let echo: (text: string) => void = () => undefined;

train.serve<Input, Report, string>(
  async ({ input, signal, control, progress, report }) => {
    echo = (text) => report({ echo: text });
    report({ started: input.epochs });
    if (input.misbehave === "throw") throw new ValueError("no such thing, 7 (use another)");
    if (input.misbehave === "exit") process.exit(3);
    if (input.misbehave === "hang") for (;;);
    manualSeed(1);
    const model = new nn.Sequential(new nn.Linear(2, 4), new nn.Tanh(), new nn.Linear(4, 2));
    const optimizer = new optim.SGD(model.parameters(), { lr: input.misbehave === "nan" ? Infinity : 0.1 });
    const dataset: data.Dataset<[Tensor, Tensor]> = {
      length: 20,
      get: (i) => [tensor([i % 3, i % 2]), tensor(i % 2, { dtype: "i32" })],
    };
    const loader = new data.DataLoader(dataset, { batchSize: 2, shuffle: true, seed: 1 });
    const { epochs } = input;
    await train.fit(model, loader, {
      epochs,
      optimizer,
      loss: crossEntropy,
      signal,
      control,
      callbacks: [progress],
    });
    return model;
  },
  { message: (text) => echo(text), every: 5 },
);
