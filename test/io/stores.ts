/** What every store must do, as data: cases that run in Node and in a page alike, so they import nothing. */
import type { io } from "../../src/index.ts";

type Case = readonly [name: string, run: (store: io.Store) => Promise<void>];

function same(given: unknown, wanted: unknown): void {
  const [a, b] = [given, wanted].map((value) =>
    JSON.stringify(value instanceof Uint8Array ? [...value] : value),
  );
  if (a !== b) throw new Error(`got ${a}, wanted ${b}`);
}

async function rejects(what: string, run: () => Promise<unknown>): Promise<void> {
  const error: unknown = await run().then(
    () => null,
    (reason: unknown) => reason,
  );
  if ((error as Error | null)?.name !== "ValueError")
    throw new Error(`${what}: wanted a ValueError, got ${String(error)}`);
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

export const BAD_NAMES = ["", ".", "..", "../x", "a/b", "a\\b", ".x", "x.", "a b", "ü", "x.part", "x.crswap", "-x", "a".repeat(129), "x\0", "C:x"]; // prettier-ignore

/** Each gets a store that is empty. */
export const CASES: readonly Case[] = [
  [
    "knows nothing at first",
    async (store) => {
      same(await store.list(), []);
      same(await store.read("x"), null);
      await store.remove("x");
    },
  ],
  [
    "gives back what was written, lists it in order, and removes it",
    async (store) => {
      await store.write("run-2.b", bytes(1, 2, 3));
      await store.write("Run_1", bytes(255));
      await store.write("a".repeat(128), bytes(0));
      same(await store.list(), ["Run_1", "a".repeat(128), "run-2.b"]);
      same(await store.read("run-2.b"), bytes(1, 2, 3));
      await store.remove("run-2.b");
      same(await store.read("run-2.b"), null);
      same(await store.list(), ["Run_1", "a".repeat(128)]);
    },
  ],
  [
    "replaces a file by a longer and by a shorter one",
    async (store) => {
      for (const content of [bytes(1, 2), new Uint8Array(3_000_000).fill(7), bytes(9)]) {
        await store.write("x", content);
        const back = await store.read("x");
        same(back?.length, content.length);
        same(
          back?.every((value, i) => value === content[i]),
          true,
        );
      }
      same(await store.list(), ["x"]);
    },
  ],
  [
    "writes a view as what it shows, and keeps no hold of it",
    async (store) => {
      const all = bytes(1, 2, 3, 4);
      const writing = store.write("x", all.subarray(1, 3));
      await writing;
      all.fill(0);
      same(await store.read("x"), bytes(2, 3));
      (await store.read("x"))?.fill(0);
      same(await store.read("x"), bytes(2, 3));
    },
  ],
  [
    "refuses bad names, and what is no file, and touches nothing",
    async (store) => {
      await store.write("x", bytes(1));
      for (const name of BAD_NAMES) {
        await rejects(name, () => store.write(name, bytes(1)));
        await rejects(name, () => store.read(name));
        await rejects(name, () => store.remove(name));
      }
      await rejects("no bytes", () => store.write("x", bytes()));
      await rejects("text", () => store.write("x", "text" as unknown as Uint8Array));
      same(await store.list(), ["x"]);
      same(await store.read("x"), bytes(1));
    },
  ],
  [
    "takes writes that are under way at the same time",
    async (store) => {
      await Promise.all(Array.from({ length: 8 }, (_, i) => store.write(`x${i}`, bytes(i))));
      same((await store.list()).length, 8);
      await Promise.all([store.write("x", bytes(1, 1)), store.write("x", bytes(2, 2))]);
      const [a, b] = (await store.read("x")) ?? [];
      same(a, b);
    },
  ],
];
