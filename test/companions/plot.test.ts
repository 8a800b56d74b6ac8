import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { historyToSvg, linesToSvg } from "../../src/companions/plot.ts";
import { train } from "../../src/index.ts";

/** A history of so many epochs of 40 steps. */
function history(epochs: number, lr = (step: number): number => 1 / step): train.History {
  const made = new train.History();
  let step = 0;
  for (let epoch = 1; epoch <= epochs; epoch++) {
    while (step < epoch * 40) {
      step++;
      made.addStep({ step, epoch, loss: 2 / step, lr: lr(step) });
    }
    const values = { loss: 1 / epoch, accuracy: 0.9, table: [[1]], valLoss: 2 / epoch, valAccuracy: NaN };
    made.addEpoch({ epoch, step, lr: lr(step), seconds: 1, values });
  }
  return made;
}

const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text ?? "");

/** How many pixels have about a colour. */
async function pixels(svg: string, [r, g, b]: readonly [number, number, number]): Promise<number> {
  const { data } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (i: number): number => data[i] ?? 0;
  let count = 0;
  for (let i = 0; i < data.length; i += 3)
    if (Math.abs(at(i) - r) + Math.abs(at(i + 1) - g) + Math.abs(at(i + 2) - b) < 40) count++;
  return count;
}

describe("historyToSvg", () => {
  it("has panels for losses, each metric that is a number, and a rate that moves", async () => {
    const svg = historyToSvg(history(5), { title: "Run & all" });
    expect(texts(svg)).toEqual(
      expect.arrayContaining([
        "Run &amp; all",
        "loss of a step",
        "smoothed",
        "valLoss",
        "accuracy",
        "learning rate",
        "step",
      ]),
    );
    expect(texts(svg)).not.toContain("table");
    // The blue of the steps, the green of training, the orange of validation.
    for (const colour of [
      [0, 114, 178],
      [0, 158, 115],
      [213, 94, 0],
    ] as const)
      expect(await pixels(svg, colour), colour.join()).toBeGreaterThan(200);
  });

  it("leaves out what there is not, and bounds what many steps draw", () => {
    expect(texts(historyToSvg(history(1, () => 0.1)))).not.toContain("learning rate");
    expect(historyToSvg(history(0))).toMatch(/^<svg/);
    expect(historyToSvg(history(500)).length).toBeLessThan(200_000);
  });
});

describe("linesToSvg", () => {
  it("draws lines over plain and logarithmic axes", async () => {
    const points = [1, 10, 100].map((x) => [x, 1 / x] as const);
    const svg = linesToSvg(
      [
        { name: "a", points },
        {
          name: "b",
          points: [
            [1, 1],
            [5, null],
            [9, 0.2],
          ],
        },
      ],
      {
        xLabel: "rate",
        yLabel: "loss",
        logX: true,
        logY: true,
      },
    );
    expect(texts(svg)).toEqual(expect.arrayContaining(["rate", "loss", "a", "b", "0.01", "100"]));
    expect(await pixels(svg, [0, 114, 178])).toBeGreaterThan(200);
  });
});
