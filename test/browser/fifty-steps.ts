import type * as Simdgrad from "simdgrad";

export const VARIANTS = ["cnn", "dropout", "smooth"] as const;
export type Variant = (typeof VARIANTS)[number];

export interface Outcome {
  /** Of the bytes of all parameters and buffers, in order. */
  readonly sha256: string;
  /** The loss of each step. */
  readonly losses: readonly number[];
  /** The kernel binary that ran. */
  readonly binary: string;
}

const STEPS = 50;
const SAMPLES = 256;
const BATCH = 32;

/** The network of the examples; with dropout; or with everything that takes exp, tanh, erf or a square root. */
function build({ nn }: typeof Simdgrad, variant: Variant): Simdgrad.nn.Sequential {
  const smooth = variant === "smooth";
  const block = (from: number, to: number): Simdgrad.nn.Layer[] => [
    new nn.Conv2d(from, to, 3, { padding: 1 }),
    ...(smooth
      ? [new nn.BatchNorm2d(to), new nn.GELU(), new nn.AvgPool2d(2)]
      : [new nn.ReLU(), new nn.MaxPool2d(2)]),
  ];
  return new nn.Sequential(
    ...block(1, 16),
    ...block(16, 32),
    new nn.Flatten(),
    new nn.Linear(32 * 7 * 7, 128),
    smooth ? new nn.Tanh() : new nn.ReLU(),
    ...(variant === "dropout" ? [new nn.Dropout(0.25)] : []),
    new nn.Linear(128, 10),
  );
}

/**
 * Trains for 50 steps in strict mode. Everything comes from the library, digits (of noise) and their order too, so that
 * each host must get the same weights, bit for bit.
 */
export async function fiftySteps(library: typeof Simdgrad, variant: Variant): Promise<Outcome> {
  const { backendInfo, crossEntropy, data, init, manualSeed, optim, rand, randint } = library;
  await init({ deterministic: true });
  manualSeed(0);
  const model = build(library, variant);
  const dataset = new data.TensorDataset(rand([SAMPLES, 1, 28, 28]), randint(0, 10, [SAMPLES]));
  const loader = new data.DataLoader(dataset, { batchSize: BATCH, shuffle: true });
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.005 });
  const schedule = new optim.OneCycleLR(optimizer, { maxLr: 0.005, totalSteps: STEPS });

  const losses: number[] = [];
  while (losses.length < STEPS) {
    for await (const [x, y] of loader) {
      if (losses.length === STEPS) break;
      optimizer.zeroGrad();
      const loss = crossEntropy(model.forward(x), y);
      loss.backward();
      optimizer.step();
      schedule.step();
      losses.push(loss.item());
    }
  }
  const state = Object.values(model.stateDict());
  const bytes = new Uint8Array(
    await new Blob(state.map((t) => t.data as Float32Array<ArrayBuffer>)).arrayBuffer(),
  );
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  model.dispose();
  return {
    sha256: Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    losses,
    binary: backendInfo().variant,
  };
}
