import { describe, expect, test } from "vitest";
import * as library from "../../src/index.ts";
import { FormatError, io, train, ValueError } from "../../src/index.ts";
import { EPOCHS, runProgram as runWith } from "./program.ts";

const runProgram = (...rest: DropFirst<Parameters<typeof runWith>>): ReturnType<typeof runWith> =>
  runWith(library, ...rest);
type DropFirst<T extends unknown[]> = T extends [unknown, ...infer R] ? R : never;

const STEPS = 18;

/** Breaks off after a step, as a crash would: by an error. */
const crashAfter = (step: number): train.Callback => ({
  onStep(record) {
    if (record.step === step) throw new Error("crash");
  },
});

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

describe("fit with checkpoints", () => {
  test("resumes bit for bit after a crash at any step, as if never stopped", async () => {
    const whole = await runProgram({});
    expect(whole.history.steps.loss).toHaveLength(STEPS);
    for (let step = 1; step <= STEPS; step++) {
      const checkpoint = { store: io.memoryStore(), everySteps: 1 };
      await expect(runProgram({ checkpoint, callbacks: [crashAfter(step)] })).rejects.toThrow("crash");
      const names = await checkpoint.store.list();
      expect(names).toEqual(step === 1 ? [] : [`run-${String(step - 1).padStart(8, "0")}`]);
      const rest = await runProgram({ checkpoint, resume: true });
      expect(same(rest.all, whole.all), `after step ${step}`).toBe(true);
    }
  });

  test("resumes from the end of an epoch, and from one that is many steps old", async () => {
    const whole = await runProgram({});
    for (const every of [{}, { everySteps: 5 }, { everyEpochs: 2, everySteps: 4 }]) {
      const checkpoint = { store: io.memoryStore(), ...every };
      for (const step of [8, 9, 14, 17])
        await expect(runProgram({ checkpoint, resume: true, callbacks: [crashAfter(step)] })).rejects.toThrow(
          "crash",
        );
      const rest = await runProgram({ checkpoint, resume: true });
      expect(same(rest.all, whole.all)).toBe(true);
    }
  });

  test("an abort between steps is a stop like any other", async () => {
    const whole = await runProgram({});
    const checkpoint = { store: io.memoryStore(), everySteps: 1 };
    const controller = new AbortController();
    const abort: train.Callback = { onStep: ({ step }) => (step === 8 ? controller.abort() : undefined) };
    const part = await runProgram({ checkpoint, signal: controller.signal, callbacks: [abort] });
    expect(part.history.stopped).toBe("aborted by the signal");
    const rest = await runProgram({ checkpoint, resume: true });
    expect(same(rest.all, whole.all)).toBe(true);
  });

  test("a run that is over, or that stopped by itself, stays as it is; more epochs go on", async () => {
    const checkpoint = { store: io.memoryStore() };
    const two = await runProgram({ checkpoint }, 2);
    const again = await runProgram({ checkpoint, resume: true }, 2);
    expect(same(again.all, two.all)).toBe(true);
    const three = await runProgram({ checkpoint, resume: true });
    expect(same(three.all, (await runProgram({})).all)).toBe(true);

    const stopping: train.Callback = {
      onStep: ({ step }, run) => (step === 4 ? run.stop("enough") : undefined),
    };
    const other = { store: io.memoryStore(), everySteps: 1 };
    const stopped = await runProgram({ checkpoint: other, callbacks: [stopping] });
    expect(stopped.history.epochs).toHaveLength(1);
    const rest = await runProgram({ checkpoint: other, resume: true, callbacks: [stopping] });
    expect(rest.history.stopped).toBe("enough");
    expect(same(rest.all, stopped.all)).toBe(true);
  });

  test("keeps the last ones and the best", async () => {
    const store = io.memoryStore();
    const checkpoint = { store, name: "a", everySteps: 4, keepLast: 2, keepBest: { monitor: "valLoss" } };
    const { history } = await runProgram({ checkpoint });
    expect(await store.list()).toEqual(["a-00000016", "a-00000018", "a-best"]);
    const losses = history.values("valLoss");
    expect(losses).toHaveLength(EPOCHS);
  });

  test("refuses what would go wrong", async () => {
    const checkpoint = { store: io.memoryStore() };
    await expect(runProgram({ resume: true })).rejects.toThrow("resume needs to know from where");
    await expect(runProgram({ checkpoint: { ...checkpoint, everySteps: 0 } })).rejects.toThrow(ValueError);
    await runProgram({ checkpoint }, 1);
    await expect(runProgram({ checkpoint })).rejects.toThrow(
      "fit: the store has a checkpoint run-00000006 (pass resume: true",
    );
    await expect(
      runProgram({ checkpoint, resume: true, callbacks: [new train.EarlyStopping()] }),
    ).rejects.toThrow(
      "loadCheckpoint: run-00000006: progress: callbacks with a state are 1 in it and 2 here",
    );
    const bytes = (await checkpoint.store.read("run-00000006")) as Uint8Array;
    await checkpoint.store.write("run-00000006", bytes.subarray(0, 5000));
    await expect(runProgram({ checkpoint, resume: true })).rejects.toThrow(FormatError);
    await expect(runProgram({ checkpoint, resume: true })).rejects.toThrow(/truncated, .*, run-00000006/);
  });
});
