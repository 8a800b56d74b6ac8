/**
 * A cart on a track with a pole hinged on top (A. Barto, R. Sutton & C. Anderson, "Neuronlike adaptive elements that can solve difficult
 * learning control problems", 1983), with the constants of OpenAI Gym's CartPole-v1. SI units; angles in radians from upright.
 */
const GRAVITY = 9.8;
const CART = 1.0;
const POLE = 0.1;
const TOTAL = CART + POLE;
/** From the hinge to the pole's middle. */
const HALF_LENGTH = 0.5;
const FORCE = 10;
const SECONDS_A_STEP = 0.02;
const MOST_OFFSET = 2.4;
const MOST_ANGLE = (12 * Math.PI) / 180;

/** Steps after which an episode ends although the pole stands: the best return. */
export const LONGEST = 500;

/** What the network sees: place and speed of the cart, angle and turning speed of the pole. */
export type State = readonly [offset: number, speed: number, angle: number, turning: number];

/** A start near rest, from four numbers that are uniform in [0, 1). */
export const start = (random: ArrayLike<number>): State => {
  const near = (i: number): number => (random[i] ?? 0.5) * 0.1 - 0.05;
  return [near(0), near(1), near(2), near(3)];
};

/** A fiftieth of a second later, with the cart pushed to the right or to the left. */
export function push([offset, speed, angle, turning]: State, right: boolean): State {
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const push = ((right ? FORCE : -FORCE) + POLE * HALF_LENGTH * turning * turning * sin) / TOTAL;
  const bending = (GRAVITY * sin - cos * push) / (HALF_LENGTH * (4 / 3 - (POLE * cos * cos) / TOTAL));
  const rushing = push - (POLE * HALF_LENGTH * bending * cos) / TOTAL;
  return [
    offset + SECONDS_A_STEP * speed,
    speed + SECONDS_A_STEP * rushing,
    angle + SECONDS_A_STEP * turning,
    turning + SECONDS_A_STEP * bending,
  ];
}

/** Whether the pole has fallen or the cart has left its track. */
export const isOver = ([offset, , angle]: State): boolean =>
  Math.abs(offset) > MOST_OFFSET || Math.abs(angle) > MOST_ANGLE;
