import { Worker } from "node:worker_threads";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { io, PlatformError, SimdgradError, train, ValueError, WorkerError } from "../../src/index.ts";
import { bundle } from "../data/workers/bundle.ts";
import type { Input, Report } from "./trainer.worker.ts";

let file: string;
beforeAll(async () => {
  file = await bundle("../../train/trainer.worker");
});

type Remote = train.Remote<Input, Report, string>;
const open: Remote[] = [];
afterEach(() => {
  for (const remote of open.splice(0)) remote.close();
});

interface Seen {
  readonly progress: train.RemoteProgress[];
  readonly events: Report[];
  readonly states: train.RemoteState[];
}

function connect(worker = new Worker(file), timeout?: number): { remote: Remote; seen: Seen } {
  const seen: Seen = { progress: [], events: [], states: [] };
  const remote = train.connect<Input, Report, string>(worker, {
    progress: (progress) => seen.progress.push(progress),
    event: (event) => seen.events.push(event),
    state: (state) => seen.states.push(state),
    ...(timeout !== undefined && { timeout }),
  });
  open.push(remote);
  return { remote, seen };
}

/** Waits until something holds. */
async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const stepOf = ({ progress }: Seen): number => progress.at(-1)?.step ?? 0;

describe("training in a worker", () => {
  test("tells of its steps and epochs, and gives the weights", async () => {
    const { remote, seen } = connect();
    expect(remote.state).toBe("idle");
    const { bytes, cancelled } = await remote.start({ epochs: 3 });
    expect(cancelled).toBe(false);
    expect(seen.states).toEqual(["running", "idle"]);
    expect(seen.events).toEqual([{ started: 3 }]);
    const steps = seen.progress.flatMap((progress) => progress.steps);
    expect(steps.map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    expect(seen.progress.flatMap(({ epochs }) => epochs).map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(seen.progress.at(-1)).toMatchObject({ total: 3, stepsPerEpoch: 10, step: 30 });
    const { tensors } = io.loadSafetensors(bytes as Uint8Array);
    expect(Object.keys(tensors)).toEqual(["0.weight", "0.bias", "2.weight", "2.bias"]);
    for (const t of Object.values(tensors)) t.dispose();
    // Again, in the same worker: the same.
    expect((await remote.start({ epochs: 3 })).bytes).toEqual(bytes);
  });

  test("pauses, answers meanwhile, resumes and is cancelled", async () => {
    const { remote, seen } = connect();
    const done = remote.start({ epochs: 1e6 });
    await until(() => stepOf(seen) > 5);
    remote.pause();
    await until(() => remote.state === "paused");
    const step = stepOf(seen);
    remote.send("are you there?");
    await until(() => seen.events.length > 1);
    expect(seen.events.at(-1)).toEqual({ echo: "are you there?" });
    await new Promise((resolve) => setTimeout(resolve, 50));
    // The step that was under way may have ended.
    expect(stepOf(seen)).toBeLessThanOrEqual(step + 1);
    remote.resume();
    await until(() => stepOf(seen) > step + 5);
    expect(remote.state).toBe("running");
    remote.pause();
    await until(() => remote.state === "paused");
    remote.cancel();
    const { bytes, cancelled } = await done;
    expect([cancelled, bytes instanceof Uint8Array]).toEqual([true, true]);
    expect(seen.states).toEqual(["running", "paused", "running", "paused", "idle"]);
  });

  test("a new start takes the place of the old one", async () => {
    const { remote, seen } = connect();
    const first = remote.start({ epochs: 1e6 });
    await until(() => stepOf(seen) > 5);
    const second = remote.start({ epochs: 1e6 });
    const third = remote.start({ epochs: 1 });
    expect((await first).cancelled).toBe(true);
    expect(await second).toEqual({ bytes: null, cancelled: true });
    expect((await third).cancelled).toBe(false);
    expect(seen.events).toEqual([{ started: 1e6 }, { started: 1 }]);
    expect(seen.progress.at(-1)).toMatchObject({ total: 1, step: 10 });
    expect(remote.state).toBe("idle");
  });

  test("errors come across with their class, and another training may follow", async () => {
    const { remote } = connect();
    const failed = remote.start({ epochs: 1, misbehave: "throw" });
    await expect(failed).rejects.toThrow("no such thing, 7 (use another)");
    const error: unknown = await failed.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ValueError);
    expect(error).toBeInstanceOf(SimdgradError);
    expect((error as Error).name).toBe("ValueError");
    expect((error as Error).stack).toContain("trainer.worker");
    const diverged: unknown = await remote.start({ epochs: 5, misbehave: "nan" }).catch((e: unknown) => e);
    expect((diverged as Error).name).toMatch(/^(NonFiniteError|ValueError)$/);
    expect((await remote.start({ epochs: 1 })).cancelled).toBe(false);
    await expect(remote.start({ epochs: (() => 1) as never })).rejects.toThrow(/clone/i);
  });
});

describe("a worker that is lost is an error, not a hang", () => {
  test("one that exits", async () => {
    const { remote } = connect();
    await expect(remote.start({ epochs: 1, misbehave: "exit" })).rejects.toThrow(WorkerError);
    await expect(remote.start({ epochs: 1 })).rejects.toThrow(/^train: the worker exited with code 3 \(/);
  });

  test("one that falls silent", async () => {
    const { remote } = connect(new Worker(file), 1500);
    await expect(remote.start({ epochs: 1, misbehave: "hang" })).rejects.toThrow("was silent for 1500 ms");
  });

  test("one whose program is broken", async () => {
    const { remote } = connect(new Worker("throw new Error('broken')", { eval: true }));
    await expect(remote.start({ epochs: 1 })).rejects.toThrow("ended with Error: broken");
  });

  test("one that is closed", async () => {
    const { remote, seen } = connect();
    const done = remote.start({ epochs: 1e6 });
    done.catch(() => undefined);
    await until(() => stepOf(seen) > 0);
    remote.close();
    await expect(done).rejects.toThrow("was closed");
    remote.pause();
  });

  test("and a program that is no worker says so", () => {
    expect(() => train.serve(() => Promise.resolve(null))).toThrow(PlatformError);
    expect(() => train.connect(new Worker("", { eval: true }), { timeout: 0 })).toThrow(ValueError);
  });
});
