import { backendInfo, compile, crossEntropy, data, init, manualSeed, nn, optim, type Tensor } from "simdgrad";
import { createModel } from "../../../examples/mnist/network.ts";
import type { Digits } from "./digits.ts";

const STEPS = 50;
const BATCH = 32;

/** Reads a digit row by row, and answers after the last one. */
class RowReader extends nn.Module {
  readonly lstm = new nn.LSTM(28, 64, { batchFirst: true });
  readonly head = new nn.Linear(64, 10);

  override forward(x: Tensor): Tensor {
    const [outputs] = this.lstm.forward(x.reshape([-1, 28, 28]));
    return this.head.forward(outputs.select(1, -1));
  }
}

export const NETWORKS = { CNN: createModel, LSTM: () => new RowReader() } satisfies Record<
  string,
  () => nn.Layer
>;
export type NetworkName = keyof typeof NETWORKS;

export interface Trained {
  /** Of the bytes of all parameters, in order. */
  readonly sha256: string;
  /** Of each step. */
  readonly losses: readonly number[];
}

/** Trains for 50 steps in strict mode: each host must get the same weights, bit for bit. */
export async function train(
  name: NetworkName,
  { images, labels }: Digits,
  { compiled = false } = {},
): Promise<Trained> {
  await init({ deterministic: true });
  manualSeed(5);
  const model = NETWORKS[name]();
  const optimizer = new optim.Adam(model.parameters(), { lr: 0.003 });
  const loader = new data.DataLoader(new data.TensorDataset(images, labels), {
    batchSize: BATCH,
    shuffle: true,
  });
  const learn = (x: Tensor, y: Tensor): Tensor => {
    optimizer.zeroGrad();
    const loss = crossEntropy(model.forward(x), y);
    loss.backward();
    optimizer.step();
    return loss;
  };
  const step = compiled ? compile(learn) : learn;
  const losses: number[] = [];
  while (losses.length < STEPS) {
    for await (const [x, y] of loader) {
      if (losses.length === STEPS) break;
      losses.push(step(x, y).item());
    }
  }
  const sha256 = await hashOf(Object.values(model.stateDict()));
  model.dispose();
  return { sha256, losses };
}

/** Throws where a network has not learned, whose weights would say little. */
export function whatItLearned({ losses }: Trained): string {
  const mean = (part: readonly number[]): number => part.reduce((a, b) => a + b, 0) / part.length;
  const [first, last] = [mean(losses.slice(0, 8)), mean(losses.slice(-8))];
  const text = `loss ${first.toFixed(3)} → ${last.toFixed(3)}`;
  if (!(last < 0.8 * first)) throw new Error(`it did not learn: ${text}`);
  if (backendInfo().variant !== "simd") throw new Error(`strict mode ran ${backendInfo().variant}`);
  return text;
}

async function hashOf(tensors: readonly Tensor[]): Promise<string> {
  const parts = tensors.map((t) => t.data as Float32Array);
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", all));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
