import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { nn, optim, tensor, train, type Tensor } from "../../src/index.ts";
import { progressBar } from "../../src/companions/node.ts";
import { expectNoLeaks, owned } from "../train/sets.ts";

expectNoLeaks();

/** What is written while a small model trains. */
async function shown(
  terminal: boolean,
  data: (x: Tensor) => train.Batches<Tensor>,
  bad = false,
): Promise<string> {
  const stream = new PassThrough();
  const output = Object.assign(stream, {
    isTTY: terminal,
    columns: 80,
    cursorTo: () => stream.write("<"),
    clearLine: () => true,
    moveCursor: () => true,
  });
  let text = "";
  stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const model = owned(new nn.Linear(1, 1));
  const x = owned(tensor([[1], [2]]));
  const training = train.fit(model, data(x), {
    epochs: 2,
    optimizer: owned(new optim.SGD(model.parameters(), { lr: 0.01 })),
    step: (batch) => (bad ? model.forward(batch).mul(NaN) : model.forward(batch)).square().mean(),
    callbacks: [
      progressBar({ output: output as unknown as NodeJS.WriteStream }),
      {
        onStep({ step }, run) {
          if (step === 5) run.stop("five are enough");
        },
      },
    ],
  });
  await training.catch((error: unknown) => void (text += String(error)));
  return text;
}

const four = (x: Tensor): Tensor[] => [x, x, x, x];

describe("progressBar", () => {
  it("gives a line an epoch where there is no terminal, and tells why training stopped", async () => {
    const lines = (await shown(false, four)).trim().split("\n");
    expect(lines).toHaveLength(3);
    for (const [i, line] of lines.slice(0, 2).entries())
      expect(line).toMatch(new RegExp(`^epoch ${i + 1}/2  \\d+\\.\\d s  loss [\\d.e-]+$`));
    expect(lines[2]).toBe("five are enough");
  });

  it("draws a bar on a terminal and takes it away, also where training fails", async () => {
    const text = await shown(true, four);
    expect(text).toMatch(/epoch 1\/2 {2}─+ {2}0 %/);
    expect(text).toMatch(/epoch 2\/2 {2}\d+\.\d s {2}loss [\d.e-]+\n/);
    // The cursor is hidden while there is a bar.
    const count = (code: string): number => text.split(code).length - 1;
    expect(count("\x1B[?25l")).toBe(2);
    expect(count("\x1B[?25h")).toBe(2);
    const failed = await shown(true, four, true);
    expect(failed).toMatch(/NonFiniteError: /);
    expect(failed.lastIndexOf("\x1B[?25h")).toBeGreaterThan(failed.lastIndexOf("\x1B[?25l"));
  });

  it("counts steps where nobody knows how many there are", async () => {
    const text = await shown(true, (x) => ({
      *[Symbol.iterator]() {
        yield* four(x);
      },
    }));
    expect(text).toMatch(/epoch 1\/2 {2}step \d/);
  });
});
