import { crossEntropy, data, manualSeed, noGrad, optim, softmax, tensor, type nn } from "simdgrad";
import { normalise, type Digits } from "../mnist/digits.ts";
import { createModel } from "../mnist/network.ts";
import type { Mistake, Report, Settings } from "./protocol.ts";
import { SIDE } from "../mnist/digits.ts";

/** Milliseconds between reports: often enough to look alive, seldom enough to cost nothing. */
const REPORT_EVERY = 100;
/** Steps between looks at the first QUICK_DIGITS test digits. All are looked at after each epoch. */
const QUICK_EVERY = 100;
const QUICK_DIGITS = 1000;
const EVALUATION_BATCH = 100;
const MISTAKES = 12;

/** One training run from start to end. Whoever awaits `run` may pause, stop and ask it meanwhile. */
export class Trainer {
  readonly #network: nn.Sequential;
  readonly #train: Digits;
  readonly #test: Digits;
  readonly #settings: Settings;
  readonly #report: (report: Report) => void;
  #step = 0;
  #ink: Float32Array | null = null;
  /** Resolves when training may go on; null while it may. */
  #gate: { readonly opened: Promise<void>; readonly open: () => void } | null = null;
  #stopped = false;

  // What has happened since the last report.
  #losses: number[] = [];
  #reported = performance.now();
  /** Milliseconds of training and digits seen in the last few reports. */
  #pace: { readonly ms: number; readonly digits: number }[] = [];
  #digits = 0;
  /** Milliseconds since the last report that did not go into training. */
  #aside = 0;

  constructor(train: Digits, test: Digits, settings: Settings, report: (report: Report) => void) {
    manualSeed(settings.seed);
    this.#network = createModel();
    this.#train = train;
    this.#test = test;
    this.#settings = settings;
    this.#report = report;
  }

  /** The network's layers as a table, for a batch. */
  summary(): string {
    return this.#network.summary([this.#settings.batch, 1, SIDE, SIDE]);
  }

  get parameters(): number {
    return this.#network.parameters().reduce((sum, p) => sum + p.size, 0);
  }

  /** Trains all epochs. Resolves to false where it was stopped. */
  async run(): Promise<boolean> {
    const optimizer = new optim.Adam(this.#network.parameters(), { lr: this.#settings.lr });
    try {
      return await this.#trainWith(optimizer);
    } finally {
      optimizer.dispose();
    }
  }

  async #trainWith(optimizer: optim.Adam): Promise<boolean> {
    const { epochs, batch, lr, seed } = this.#settings;
    const loader = new data.DataLoader(this.#train, { batchSize: batch, shuffle: true, seed });
    const steps = epochs * loader.length;
    const schedule = new optim.OneCycleLR(optimizer, { maxLr: lr, totalSteps: steps });
    this.#report({ type: "started", steps, stepsPerEpoch: loader.length });
    await this.#evaluate(this.#test.first(QUICK_DIGITS));

    this.#reported = performance.now();
    for (let epoch = 0; epoch < epochs; epoch++) {
      for await (const [images, labels] of loader) {
        if (!(await this.#mayGoOn())) return false;
        this.#network.train();
        optimizer.zeroGrad();
        const loss = crossEntropy(this.#network.forward(images), labels);
        loss.backward();
        optimizer.step();
        schedule.step();
        this.#note(loss.item(), labels.size);

        const endOfEpoch = this.#step % loader.length === 0;
        if (this.#step % QUICK_EVERY === 0 && !endOfEpoch)
          await this.#evaluate(this.#test.first(QUICK_DIGITS));
      }
      await this.#evaluate(this.#test);
    }
    return this.#mayGoOn();
  }

  pause(): void {
    if (this.#gate !== null) return;
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#gate = { opened, open };
  }

  resume(): void {
    this.#gate?.open();
    this.#gate = null;
  }

  /** Ends training before the next step. */
  stop(): void {
    this.#stopped = true;
    this.resume();
  }

  /** Frees the network; the trainer is of no use afterwards. */
  dispose(): void {
    this.#network.dispose();
  }

  /** Judges a drawing now, and again with each report. */
  draw(ink: Float32Array | null): void {
    this.#ink = ink;
    this.#predict();
  }

  /** Waits while paused. False once stopped. */
  async #mayGoOn(): Promise<boolean> {
    if (this.#gate !== null) {
      this.#flush();
      await this.#setAside(async () => {
        while (this.#gate !== null) await this.#gate.opened;
      });
    }
    return !this.#stopped;
  }

  #note(loss: number, digits: number): void {
    if (!Number.isFinite(loss)) throw new Error(`the loss is ${loss}: training diverged`);
    this.#step++;
    this.#losses.push(loss);
    this.#digits += digits;
    if (performance.now() - this.#reported >= REPORT_EVERY) this.#flush();
  }

  #flush(): void {
    if (this.#losses.length === 0) return;
    const now = performance.now();
    this.#pace.push({ ms: now - this.#reported - this.#aside, digits: this.#digits });
    if (this.#pace.length > 20) this.#pace.shift();
    const ms = this.#pace.reduce((sum, entry) => sum + entry.ms, 0);
    const digits = this.#pace.reduce((sum, entry) => sum + entry.digits, 0);
    this.#report({
      type: "progress",
      step: this.#step,
      losses: this.#losses,
      digitsPerSecond: (1000 * digits) / ms,
    });
    this.#losses = [];
    this.#digits = 0;
    this.#aside = 0;
    this.#reported = now;
    this.#predict();
  }

  /** Runs what is no training, and keeps it out of the pace. */
  async #setAside(work: () => Promise<void>): Promise<void> {
    const start = performance.now();
    await work();
    this.#aside += performance.now() - start;
  }

  #predict(): void {
    const ink = this.#ink;
    if (ink === null) return;
    this.#network.eval();
    const probabilities = noGrad(() => {
      const image = tensor(ink.map(normalise), { shape: [1, 1, SIDE, SIDE] });
      return softmax(this.#network.forward(image), { dim: 1 }).data as Float32Array;
    });
    this.#report({ type: "prediction", step: this.#step, probabilities });
  }

  async #evaluate(digits: Digits): Promise<void> {
    this.#flush();
    await this.#setAside(async () => {
      const mistakes: Mistake[] = [];
      let correct = 0;
      let at = 0;
      for await (const [images] of new data.DataLoader(digits, { batchSize: EVALUATION_BATCH })) {
        if (this.#stopped) return;
        this.#network.eval();
        const predicted = noGrad(() => this.#network.forward(images).argmax({ dim: 1 }).data);
        for (const guess of predicted) {
          const label = digits.labels[at] as number;
          if (guess === label) correct++;
          else if (mistakes.length < MISTAKES) {
            mistakes.push({ pixels: digits.pixels(at).slice(), label, predicted: guess });
          }
          at++;
        }
      }
      this.#report({ type: "accuracy", step: this.#step, correct, total: digits.length, mistakes });
    });
  }
}
