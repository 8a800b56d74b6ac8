import { SingleBar } from "cli-progress";
import type { Step } from "./train.ts";
import { count, duration } from "../shared/words.ts";

/** Steps that the shown loss and accuracy reach back, roughly. */
const MEMORY = 50;

/** A mean that forgets: what happened n steps ago counts (1 − 1/MEMORY)ⁿ. */
class RunningMean {
  #sum = 0;
  #weight = 0;

  add(value: number, weight: number): void {
    const fade = 1 - 1 / MEMORY;
    this.#sum = this.#sum * fade + value * weight;
    this.#weight = this.#weight * fade + weight;
  }

  get value(): number {
    return this.#sum / this.#weight;
  }
}

export interface Progress {
  step(step: Step): void;
  /** Takes the bar away; what is printed next starts on a line of its own. Safe to call twice. */
  stop(): void;
}

export interface Amount {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly digitsPerEpoch: number;
}

/** A bar on a terminal, lines elsewhere. */
export function createProgress(amount: Amount, output: NodeJS.WriteStream = process.stdout): Progress {
  const loss = new RunningMean();
  const accuracy = new RunningMean();
  let digits = 0;
  let steps = 0;
  let seconds = 0;
  let since = performance.now();
  const figures = (): Record<string, string> => {
    const left = ((amount.epochs * amount.digitsPerEpoch - digits) / digits) * seconds;
    return {
      loss: loss.value.toFixed(3),
      accuracy: `${(Math.floor(accuracy.value * 1000) / 10).toFixed(1)} %`,
      speed: count(Math.round(digits / seconds)),
      left: duration(left),
    };
  };
  const show = output.isTTY && process.env.TERM !== "dumb" ? barOn(output, amount) : linesOn(output, amount);
  return {
    step(step) {
      const now = performance.now();
      // Between epochs the network is tested: that is not training time.
      seconds += steps > 0 && steps % amount.stepsPerEpoch === 0 ? 0 : (now - since) / 1000;
      since = now;
      digits += step.size;
      steps++;
      loss.add(step.loss, step.size);
      accuracy.add(step.correct / step.size, step.size);
      show.step(step, steps - step.epoch * amount.stepsPerEpoch, figures);
    },
    stop: () => show.stop(),
  };
}

interface Display {
  /** @param done steps of this epoch. */
  step(step: Step, done: number, figures: () => Record<string, string>): void;
  stop(): void;
}

const title = (epoch: number, { epochs }: Amount): string => `epoch ${epoch + 1}/${epochs}`;

/** What stands beside the bar: template, room that it takes at most, columns that a terminal must have for it. */
const PIECES = [
  ["{percentage} %", 5, 0],
  ["loss {loss}", 10, 0],
  ["accuracy {accuracy}", 16, 60],
  ["{speed} digits/s", 15, 76],
  ["{left} left", 16, 0],
] as const;

function barOn(stream: NodeJS.WriteStream, amount: Amount): Display {
  let bar: SingleBar | null = null;
  return {
    step({ epoch }, done, figures) {
      if (bar === null) {
        const columns = stream.columns || 80;
        const pieces = PIECES.filter(([, , least]) => columns >= least);
        const name = amount.epochs > 1 ? `${title(epoch, amount)}  ` : "";
        const taken = pieces.reduce((sum, [, room]) => sum + 2 + room, name.length);
        bar = new SingleBar({
          format: `${name}{bar}  ${pieces.map(([template]) => template).join("  ")}`,
          barsize: Math.max(5, Math.min(40, columns - taken)),
          barCompleteChar: "━",
          barIncompleteChar: "─",
          stream,
          hideCursor: true,
          clearOnComplete: true,
        });
        bar.start(amount.stepsPerEpoch, 0, figures());
      }
      bar.update(done, figures());
      if (done === amount.stepsPerEpoch) this.stop();
    },
    stop() {
      bar?.stop();
      bar = null;
    },
  };
}

function linesOn(stream: NodeJS.WriteStream, amount: Amount): Display {
  let last = 0;
  return {
    step({ epoch }, done, figures) {
      const tenth = Math.floor((done / amount.stepsPerEpoch) * 10);
      if (tenth === last) return;
      last = tenth % 10;
      const { loss, accuracy, speed, left } = figures();
      const share = `${String(tenth * 10).padStart(3)} %`;
      stream.write(
        `${title(epoch, amount)}  ${share}  loss ${loss}  accuracy ${accuracy}  ${speed} digits/s  ${left} left\n`,
      );
    },
    stop: () => undefined,
  };
}
