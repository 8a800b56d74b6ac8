import { noGrad, type nn, tensor } from "simdgrad";
import { paint, type Colour, type Picture } from "../shared/pictures.ts";
import { ANSWERS, QUESTIONS } from "./network.ts";

/** The square that is shown, in both inputs. */
const [LOW, HIGH] = [-0.5, 1.5];
const SIDE = 160;

const inputAt = (cell: number): number => LOW + ((cell + 0.5) / SIDE) * (HIGH - LOW);
const pointsOfGrid = Float32Array.from({ length: 2 * SIDE * SIDE }, (_, i) => {
  const cell = i >> 1;
  return i % 2 === 0 ? inputAt(cell % SIDE) : -inputAt(Math.floor(cell / SIDE)) + LOW + HIGH; // up is more
});

const NO: Colour = [47, 127, 209];
const PAPER: Colour = [250, 250, 250];
const YES: Colour = [224, 108, 31];

/** Blue for no over white to orange for yes, in twelve bands, so that the borders between them read as contour lines. */
function bandOf(probability: number): Colour {
  const banded = (Math.min(11, Math.floor(probability * 12)) + 0.5) / 12;
  const end = banded < 0.5 ? NO : YES;
  const share = Math.abs(banded - 0.5) * 2;
  const mix = (i: 0 | 1 | 2): number => Math.round(PAPER[i] + share * (end[i] - PAPER[i]));
  return [mix(0), mix(1), mix(2)];
}

/** A disc with a rim for each of the four questions, in the colour of its right answer. */
function discAt(x: number, y: number): Colour | undefined {
  const i = QUESTIONS.findIndex(([qx = 0, qy = 0]) => Math.hypot(x - qx, y - qy) < 0.09);
  if (i < 0) return undefined;
  const [qx = 0, qy = 0] = QUESTIONS[i] ?? [];
  if (Math.hypot(x - qx, y - qy) > 0.065) return [30, 30, 30];
  return ANSWERS[i]?.[0] === 1 ? YES : NO;
}

/** How sure the network is of "yes" at every point of the plane of its two inputs. */
export function surface(model: nn.Sequential): Picture {
  const probabilities = noGrad(() => {
    const points = tensor(pointsOfGrid, { shape: [SIDE * SIDE, 2] });
    return model.forward(points).sigmoid().data;
  });
  const { width, height, colours } = paint(probabilities, SIDE, bandOf);
  const drawn = colours.map(
    (colour, i) => discAt(pointsOfGrid[2 * i] ?? 0, pointsOfGrid[2 * i + 1] ?? 0) ?? colour,
  );
  return { width, height, colours: drawn };
}
