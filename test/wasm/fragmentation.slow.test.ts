import { describe, expect, it } from "vitest";
import { Heap, type Block } from "../../src/wasm/heap.ts";

/**
 * A million operations of many kinds; reserved bytes against the peak of live ones, as `memory()` counts both: in blocks of 64 bytes, so that
 * a tensor of four bytes is 64. No heap that does not move blocks can hold a bound against every program (J. M. Robson, "Bounds for some
 * functions concerning dynamic storage allocation", 1974: the factor grows with the logarithm of the sizes), so the last two are only
 * held to 2.
 */
const OPERATIONS = 1_000_000;
const MiB = 2 ** 20;

type Random = () => number;

/** A small generator of our own, so that a failure can be run again. */
function generator(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const newHeap = (): Heap => new Heap({ base: 1024, limit: 4 * 1024 * MiB, grow: () => true });

const SIZES: Record<string, (random: Random, i: number) => number> = {
  "log-uniform, 16 bytes to 1 MiB": (r) => 16 * 65536 ** r(),
  "uniform to 4 KiB": (r) => 1 + r() * 4096,
  "uniform to 1 MiB": (r) => 1 + r() * MiB,
  "powers of two": (r) => 2 ** (4 + Math.floor(r() * 16)),
  "one more than powers of two": (r) => 2 ** (6 + Math.floor(r() * 14)) + 1,
  "many small, few large": (r) => (r() < 0.9 ? 64 + r() * 192 : 65536 * (1 + r())),
  exponential: (r) => -Math.log(1 - r()) * 8192,
  "heavy-tailed": (r) => Math.min(MiB / 4, 64 / Math.max(1e-6, r())),
  "the sizes of a net": (r) => [64, 128, 512, 4000, 4096, 65536, 262144, MiB][Math.floor(r() * 8)] as number,
  growing: (r, i) => 64 + r() * 64 * (1 + i / 1000),
};

/** Which block is freed, and how many live: around a number, or between a few and twice as many. */
const ORDERS = ["any", "the oldest", "in waves"] as const;

function churn(size: (random: Random, i: number) => number, order: string, population: number): Heap {
  const heap = newHeap();
  const random = generator(7);
  const live: Block[] = [];
  let oldest = 0;
  for (let i = 0; i < OPERATIONS; i++) {
    const count = live.length - oldest;
    const wave = Math.floor(i / (population * 4)) % 2 === 0 ? 0.7 : 1.3;
    const share = (count / population) * (order === "in waves" ? wave : 1);
    if (count < 2 * population && random() * 2 >= share) {
      live.push(heap.alloc(size(random, i)));
      continue;
    }
    if (order === "the oldest") {
      heap.free(live[oldest++] as Block);
      if (oldest > 100_000) live.splice(0, oldest);
      if (oldest > 100_000) oldest = 0;
      continue;
    }
    const at = Math.floor(random() * live.length);
    heap.free(live[at] as Block);
    live[at] = live.at(-1) as Block;
    live.pop();
  }
  return heap;
}

const waste = (heap: Heap): number => heap.stats.reserved / heap.stats.peak;

describe("a million operations reserve at most 1.5 times the peak", { timeout: 120_000 }, () => {
  const cases = Object.keys(SIZES).flatMap((sizes) => ORDERS.map((order) => [sizes, order] as const));

  it.each(cases)("%s, freeing %s", (sizes, order) => {
    for (const population of [200, 2000]) {
      const heap = churn(SIZES[sizes] as (r: Random, i: number) => number, order, population);
      expect(waste(heap), `around ${population} blocks`).toBeLessThanOrEqual(1.5);
    }
  });

  /** One step of a program that is out for trouble, and the bound that it is held to. */
  const programs: [string, number, () => (heap: Heap, random: Random) => void][] = [
    [
      "training with batches of changing size: forward allocates, backward frees in reverse",
      1.5,
      () => {
        const stack: Block[] = [];
        let forward = true;
        let batch = 8;
        return (heap, random) => {
          if (forward) {
            stack.push(heap.alloc(batch * 64 * (1 + Math.floor(random() * 40))));
            if (stack.length === 100) forward = false;
            return;
          }
          heap.free(stack.pop() as Block);
          if (stack.length > 0) return;
          forward = true;
          batch = 1 + Math.floor(random() * 32);
        };
      },
    ],
    [
      "small blocks that stay between large ones that do not",
      1.5,
      () => {
        const short: Block[] = [];
        const long: Block[] = [];
        const drop = (heap: Heap, list: Block[], random: Random): void => {
          heap.free(list.splice(Math.floor(random() * list.length), 1)[0] as Block);
        };
        return (heap, random) => {
          if (random() < 0.02) {
            long.push(heap.alloc(64 + random() * 448));
            if (long.length > 1000) drop(heap, long, random);
          } else {
            short.push(heap.alloc(4096 + random() * 65536));
            if (short.length > 40) drop(heap, short, random);
          }
        };
      },
    ],
    [
      "sizes of one kind, then of another, while the old ones leave at random",
      1.5,
      () => {
        const live: Block[] = [];
        let at = 0;
        return (heap, random) => {
          const size = [1024, 1500, 3000, 700, 8192][Math.floor(at++ / 20_000) % 5] as number;
          live.push(heap.alloc(size + random() * 64));
          if (live.length <= 2000) return;
          const out = Math.floor(random() * live.length);
          heap.free(live[out] as Block);
          live[out] = live.at(-1) as Block;
          live.pop();
        };
      },
    ],
    [
      "every second block freed, the next ones too long for the holes",
      2,
      () => {
        let live: Block[] = [];
        let size = 1024;
        const todo: ((heap: Heap) => void)[] = [];
        return (heap) => {
          if (todo.length === 0) {
            const all = live.length > 8000;
            const gone = live.filter((_, i) => all || i % 2 === 0);
            live = live.filter((_, i) => !all && i % 2 === 1);
            for (const block of gone) {
              todo.push((h) => {
                h.free(block);
              });
            }
            size = size >= 16384 ? 1024 : size + 1024;
            for (let i = 0; i < 1000; i++) todo.push((h) => live.push(h.alloc(size)));
            todo.reverse();
          }
          todo.pop()?.(heap);
        };
      },
    ],
    [
      "sixteen caches that grow by a row, copied each time",
      2,
      () => {
        const caches = new Array<Block | null>(16).fill(null);
        const rows = new Array<number>(16).fill(0);
        return (heap, random) => {
          const i = Math.floor(random() * 16);
          rows[i] = random() < 0.003 ? 1 : (rows[i] as number) + 1;
          const next = heap.alloc(rows[i] * 512);
          const last = caches[i];
          if (last) heap.free(last);
          caches[i] = next;
        };
      },
    ],
  ];

  it.each(programs)("%s (%f)", (_name, bound, make) => {
    const heap = newHeap();
    const random = generator(3);
    const step = make();
    for (let i = 0; i < OPERATIONS; i++) step(heap, random);
    expect(waste(heap)).toBeLessThanOrEqual(bound);
  });
});
