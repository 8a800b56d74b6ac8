import { binaryCrossEntropyWithLogits, mseLoss, nn, noGrad, optim, tensor } from "simdgrad";
import { asTensor, play, type Episode } from "./play.ts";

const GAMES = 16;
const DISCOUNT = 0.99;

/** [n, 4] → [n, 1]. */
export const network = (): nn.Sequential =>
  new nn.Sequential(new nn.Linear(4, 64), new nn.Tanh(), new nn.Linear(64, 1));

/**
 * What each step of a game brought from there on: its reward of 1, and what came later for a little less. In units of what a game
 * without an end would bring, so that it lies between 0 and 1.
 */
function returnsOf(episode: Episode): number[] {
  const returns: number[] = [];
  let coming = 0;
  for (let step = episode.states.length - 1; step >= 0; step--) {
    coming = 1 + DISCOUNT * coming;
    returns[step] = coming * (1 - DISCOUNT);
  }
  return returns;
}

/** Before each round's step: how long its games lasted. False ends it. */
export type Look = (round: number, scores: readonly number[]) => boolean;

/**
 * REINFORCE with a baseline (R. Williams, "Simple statistical gradient-following algorithms for connectionist reinforcement learning",
 * 1992): what brought more than expected is made likelier, what brought less is made rarer.
 */
export function learnCartPole(policy: nn.Sequential, rounds: number, look: Look): void {
  const critic = network();
  const optimizer = new optim.Adam([...policy.parameters(), ...critic.parameters()], { lr: 0.01 });
  for (let round = 0; round < rounds; round++) {
    const episodes = play(policy, GAMES, true);
    const scores = episodes.map(({ states }) => states.length);
    if (!look(round, scores)) return;

    const states = asTensor(episodes.flatMap((episode) => episode.states));
    const pushes = tensor(episodes.flatMap((episode) => episode.pushes.map(Number))).unsqueeze(1);
    const returns = tensor(episodes.flatMap(returnsOf)).unsqueeze(1);

    const expected = critic.forward(states);
    const advantage = noGrad(() => {
      const surplus = returns.sub(expected);
      return surplus.sub(surplus.mean()).div(surplus.std().add(1e-6));
    });
    const policyLoss = binaryCrossEntropyWithLogits(policy.forward(states), pushes, { weight: advantage });
    const criticLoss = mseLoss(expected, returns);
    optimizer.zeroGrad();
    policyLoss.add(criticLoss).backward();
    optimizer.step();
  }
}
