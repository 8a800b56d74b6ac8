import { crossEntropy, data, manualSeed, noGrad, optim, softmax, tensor, train, type nn } from "simdgrad";
import { normalise, SIDE, type Digits } from "../mnist/digits.ts";
import { createModel } from "../mnist/network.ts";
import type { Ink, Mistake, Report, Settings } from "./protocol.ts";

/** Milliseconds between looks at the pace and at the drawing. */
const LOOK_EVERY = 100;
/** Steps between looks at the first QUICK_DIGITS test digits. All are looked at after each epoch. */
const QUICK_EVERY = 100;
const QUICK_DIGITS = 1000;
const EVALUATION_BATCH = 100;
const MISTAKES = 12;

/** One training run from start to end, and its network, which answers as long as it is there. */
export class Trainer implements train.Callback {
  readonly network: nn.Sequential;
  readonly #train: Digits;
  readonly #test: Digits;
  readonly #settings: Settings;
  readonly #signal: AbortSignal;
  readonly #report: (report: Report) => void;
  #ink: Ink = null;
  #looked = 0;
  /** Milliseconds of the last steps; pauses and evaluations are rare enough for their median. */
  #steps: number[] = [];
  #stepped = 0;

  constructor(
    digits: { train: Digits; test: Digits },
    { input, signal, report }: train.Job<Settings, Report>,
  ) {
    manualSeed(input.seed);
    this.network = createModel();
    this.#train = digits.train;
    this.#test = digits.test;
    this.#settings = input;
    this.#signal = signal;
    this.#report = report;
  }

  async run({ signal, control, progress }: train.Job<Settings, Report>): Promise<void> {
    const { epochs, batch, lr, seed } = this.#settings;
    const optimizer = new optim.Adam(this.network.parameters(), { lr });
    const loader = new data.DataLoader(this.#train, { batchSize: batch, shuffle: true, seed });
    const schedule = new optim.OneCycleLR(optimizer, { maxLr: lr, totalSteps: epochs * loader.length });
    try {
      await train.fit(this.network, loader, {
        ...{ epochs, optimizer, schedule, signal, control },
        loss: crossEntropy,
        callbacks: [progress, this],
      });
    } finally {
      optimizer.dispose();
    }
  }

  onStart(): Promise<void> {
    return this.#evaluate(0, QUICK_DIGITS);
  }

  onStep({ step }: train.StepRecord, { stepsPerEpoch }: train.Run): Promise<void> | void {
    const now = performance.now();
    this.#steps.push(now - this.#stepped);
    if (this.#steps.length > 100) this.#steps.shift();
    this.#stepped = now;
    if (now - this.#looked >= LOOK_EVERY) {
      this.#looked = now;
      const median = [...this.#steps].sort((a, b) => a - b)[this.#steps.length >> 1] as number;
      this.#report({ type: "pace", digitsPerSecond: (1000 * this.#settings.batch) / median });
      this.#predict();
    }
    if (step % QUICK_EVERY === 0 && step % (stepsPerEpoch ?? 0) !== 0)
      return this.#evaluate(step, QUICK_DIGITS);
  }

  onEpochEnd({ step }: train.EpochRecord): Promise<void> {
    return this.#evaluate(step, this.#test.length);
  }

  /** Frees the network; the trainer is of no use afterwards. */
  dispose(): void {
    this.network.dispose();
  }

  /** Judges a drawing now, and again as training goes on. */
  draw(ink: Ink): void {
    this.#ink = ink;
    this.#predict();
  }

  #predict(): void {
    const ink = this.#ink;
    if (ink === null) return;
    const probabilities = noGrad(() => {
      const { training } = this.network;
      this.network.eval();
      const image = tensor(ink.map(normalise), { shape: [1, 1, SIDE, SIDE] });
      const out = softmax(this.network.forward(image), { dim: 1 }).data as Float32Array;
      this.network.train(training);
      return out;
    });
    this.#report({ type: "prediction", probabilities });
  }

  /** Reads the first test digits. */
  async #evaluate(step: number, count: number): Promise<void> {
    const digits = this.#test.first(count);
    const mistakes: Mistake[] = [];
    let correct = 0;
    let at = 0;
    for await (const [images] of new data.DataLoader(digits, { batchSize: EVALUATION_BATCH })) {
      if (this.#signal.aborted) return;
      this.network.eval();
      const predicted = noGrad(() => this.network.forward(images).argmax({ dim: 1 }).data);
      for (const guess of predicted) {
        const label = digits.labels[at] as number;
        if (guess === label) correct++;
        else if (mistakes.length < MISTAKES)
          mistakes.push({ pixels: digits.pixels(at).slice(), label, predicted: guess });
        at++;
      }
    }
    this.network.train();
    this.#report({ type: "accuracy", step, correct, total: digits.length, mistakes });
  }
}
