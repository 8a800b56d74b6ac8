import { type nn, noGrad, rand, tensor, type Tensor } from "simdgrad";
import { isOver, LONGEST, push, start, type State } from "./cartpole.ts";

/** One game, step by step: its length is its return, as each step is a reward of 1. */
export interface Episode {
  readonly states: State[];
  readonly pushes: boolean[];
}

export const asTensor = (states: readonly State[]): Tensor =>
  tensor(Float32Array.from(states.flat()), { shape: [states.length, 4] });

/**
 * Plays games side by side, so that one forward pass serves all of them.
 * @param policy states [n, 4] → [n, 1], the logit of pushing to the right.
 * @param explore push right with the policy's probability, rather than where that is above one half.
 */
export function play(policy: nn.Sequential, games: number, explore: boolean): Episode[] {
  const episodes: Episode[] = Array.from({ length: games }, () => ({ states: [], pushes: [] }));
  let running = episodes.map((episode) => ({ episode, state: start(rand([4]).data.map(Number)) }));
  for (let step = 0; step < LONGEST && running.length > 0; step++) {
    const states = running.map(({ state }) => state);
    const rights = noGrad(() => {
      const probability = policy.forward(asTensor(states)).sigmoid();
      return (explore ? rand(probability.shape).lt(probability) : probability.gt(0.5)).data;
    });
    running = running.flatMap(({ episode, state }, i) => {
      const right = rights[i] === 1;
      episode.states.push(state);
      episode.pushes.push(right);
      const next = push(state, right);
      return isOver(next) ? [] : [{ episode, state: next }];
    });
  }
  return episodes;
}
