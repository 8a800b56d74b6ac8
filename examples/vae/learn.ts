import { data, noGrad, optim, type Tensor } from "simdgrad";
import type { Vae } from "./network.ts";

const BATCH = 128;

export interface MeanCost {
  readonly pixels: number;
  readonly code: number;
  /** Of both: minus the evidence lower bound. */
  readonly sum: number;
}

/** Mean cost in nats over a whole set, with one drawn code a digit. */
export async function costOf(model: Vae, set: data.Dataset<Tensor>): Promise<MeanCost> {
  let [pixels, code] = [0, 0];
  for await (const ink of new data.DataLoader(set, { batchSize: 500 })) {
    noGrad(() => {
      const { ofPixels, ofCode } = model.forward(ink);
      const share = (ink.shape[0] ?? 0) / set.length;
      pixels += ofPixels.item() * share;
      code += ofCode.item() * share;
    });
  }
  return { pixels, code, sum: pixels + code };
}

/** `look` sees the epoch's number and its mean cost of training, and is waited for. */
export async function learn(
  model: Vae,
  set: data.Dataset<Tensor>,
  epochs: number,
  signal: AbortSignal,
  look: (epoch: number, cost: number) => Promise<void>,
): Promise<void> {
  const loader = new data.DataLoader(set, { batchSize: BATCH, shuffle: true });
  const optimizer = new optim.Adam(model.parameters());
  const schedule = new optim.OneCycleLR(optimizer, { maxLr: 3e-3, totalSteps: epochs * loader.length });
  for (let epoch = 1; epoch <= epochs; epoch++) {
    let total = 0;
    for await (const ink of loader) {
      if (signal.aborted) return;
      const { ofPixels, ofCode } = model.forward(ink);
      const cost = ofPixels.add(ofCode);
      optimizer.zeroGrad();
      cost.backward();
      optimizer.step();
      schedule.step();
      total += cost.item() / loader.length;
    }
    await look(epoch, total);
  }
}
