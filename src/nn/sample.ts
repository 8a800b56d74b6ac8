import { noGrad } from "../autograd/mode.ts";
import { ShapeError, ValueError } from "../errors.ts";
import { div, sub } from "../ops/arithmetic.ts";
import { isfinite, lt } from "../ops/compare.ts";
import { takeAlongDim } from "../ops/indexing.ts";
import { squeeze, unsqueeze } from "../ops/movement.ts";
import { clamp } from "../ops/piecewise.ts";
import { all, amax, argmax } from "../ops/reduce.ts";
import { cumsum } from "../ops/scan.ts";
import { where } from "../ops/select.ts";
import { softmax } from "../ops/softmax.ts";
import { topk } from "../ops/sorting.ts";
import { log, neg } from "../ops/unary.ts";
import { composite } from "../tensor/lifetime.ts";
import { rand } from "../tensor/random.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { checkCount } from "./arguments.ts";

export interface SampleOptions {
  /** Divides the logits: below 1 likely tokens get likelier, above 1 rare ones; 0 takes the likeliest. Default 1. */
  temperature?: number;
  /** Draw from the so many likeliest tokens only. Default: all. */
  topK?: number;
  /** Draw from the fewest likeliest tokens that have this probability together (A. Holtzman et al., 2020). Default 1: all. */
  topP?: number;
}

/** The options with their defaults, checked. */
export function checkSampling(op: string, options: SampleOptions): Required<SampleOptions> {
  const { temperature = 1, topK = Infinity, topP = 1 } = options;
  if (!(temperature >= 0 && temperature < Infinity))
    throw new ValueError(`${op}: temperature must be a finite number ≥ 0, got ${temperature}`);
  if (topK !== Infinity) checkCount(op, "topK", topK);
  if (!(topP > 0 && topP <= 1))
    throw new ValueError(`${op}: topP must be above 0 and at most 1, got ${topP}`);
  return { temperature, topK, topP };
}

/** Refuses what no token can be chosen from: NaN, +∞, or −∞ alone. */
export function checkLogits(op: string, best: Tensor): void {
  if (!all(isfinite(best)).item()) {
    throw new ValueError(
      `${op}: a row of logits has NaN, +∞ or nothing but −∞ (training may have diverged, or a mask hides every token)`,
    );
  }
}

/**
 * Draws a token from each row of logits [..., vocabulary], by the stream of manualSeed: i32 [...]. First the temperature, then topK, then topP
 * of what is left. The draw adds Gumbel noise to the logits and takes the largest, which is exact (E. Gumbel, 1954); it takes a random number
 * for each candidate, and gradients do not flow through it.
 * @throws {ValueError} an option is out of its range, or a row has NaN or nothing to choose from.
 * @example
 * nn.sample(tensor([0, 5, 1]), { temperature: 0 }); // 1
 */
export function sample(logits: Tensor, options: SampleOptions = {}): Tensor {
  const { temperature, topK, topP } = checkSampling("sample", options);
  const vocabulary = logits.shape.at(-1);
  if (!vocabulary)
    throw new ShapeError(`sample: takes logits [..., vocabulary], got ${formatShape(logits.shape)}`);
  return noGrad(() =>
    composite("sample", () => {
      const best = amax(logits, { dim: -1, keepdim: true });
      checkLogits("sample", best);
      if (temperature === 0) return argmax(logits, { dim: -1 });
      // From the best, so that a temperature near 0 overflows to −∞ only.
      let scores = div(sub(logits, best), temperature);
      let tokens: Tensor | null = null;
      if (topK < vocabulary || topP < 1) [scores, tokens] = topk(scores, Math.min(topK, vocabulary));
      if (topP < 1) {
        const p = softmax(scores, { dim: -1 });
        scores = where(lt(sub(cumsum(p, { dim: -1 }), p), topP), scores, -Infinity);
      }
      // Above 0, so that a candidate's noise is finite and nothing that was left out can win.
      const uniform = clamp(rand(scores.shape), { min: SMALLEST });
      const winner = argmax(sub(scores, log(neg(log(uniform)))), { dim: -1 });
      return tokens === null
        ? winner
        : squeeze(takeAlongDim(tokens, unsqueeze(winner, -1), { dim: -1 }), { dim: -1 });
    }),
  );
}

/** 2⁻²⁵, half of the step between two uniform numbers. */
const SMALLEST = 1 / 33554432;
