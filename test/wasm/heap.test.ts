import { describe, expect, it } from "vitest";
import { OutOfMemoryError, ValueError } from "../../src/errors.ts";
import { Heap } from "../../src/wasm/heap.ts";
import type { Block } from "../../src/wasm/heap.ts";

const MiB = 2 ** 20;
const GiB = 2 ** 30;

interface Pretended {
  heap: Heap;
  /** Every length that `grow` was asked for. */
  asked: number[];
}

/** A heap over a memory that is only a number. */
function pretend({ base = 1024, limit = GiB, host = 4 * GiB } = {}): Pretended {
  const asked: number[] = [];
  const heap = new Heap({
    base,
    limit,
    grow(bytes) {
      asked.push(bytes);
      return bytes <= host;
    },
  });
  return { heap, asked };
}

/** The rules that hold between any two calls. */
function check(heap: Heap, base = 1024): void {
  const spans = [...heap.walk()];
  let at = base;
  let live = 0;
  let blocks = 0;
  let largestFree = 0;
  spans.forEach((span, i) => {
    expect(span.ptr).toBe(at);
    expect(span.ptr % 64).toBe(0);
    expect(span.size).toBeGreaterThan(0);
    at += span.size;
    if (span.free) {
      const next = spans[i + 1];
      expect(next?.free && next.small === span.small, "two free neighbours").not.toBe(true);
      largestFree = Math.max(largestFree, span.size);
    } else {
      live += span.size;
      blocks++;
    }
  });
  const stats = heap.stats;
  expect(stats).toEqual({ live, blocks, largestFree, reserved: at - base, peak: stats.peak });
  expect(stats.peak).toBeGreaterThanOrEqual(live);
}

/** A small generator of our own, so that a failure can be run again. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function logUniform(random: () => number): number {
  return Math.floor(16 * Math.exp(random() * Math.log(65536)));
}

describe("heap", () => {
  it("gives aligned blocks that do not overlap", () => {
    const { heap } = pretend();
    const blocks = [1, 64, 65, 100, 4096, 1 * MiB + 1].map((bytes) => heap.alloc(bytes));
    expect(blocks.map((block) => block.size)).toEqual([64, 64, 128, 128, 4096, MiB + 64]);
    check(heap);
    expect(heap.stats.blocks).toBe(6);
    for (const block of blocks) heap.free(block);
    check(heap);
    expect(heap.stats).toMatchObject({ live: 0, blocks: 0 });
    expect(heap.stats.largestFree).toBe(heap.stats.reserved);
  });

  it("rounds an uneven base up", () => {
    const { heap } = pretend({ base: 1000 });
    expect(heap.alloc(4).ptr).toBe(1024);
  });

  it("uses what is there before it grows", () => {
    const asked: number[] = [];
    const heap = new Heap({ base: 1000, size: MiB, limit: GiB, grow: (bytes) => asked.push(bytes) > 0 });
    expect(heap.stats).toMatchObject({ reserved: MiB - 64, largestFree: MiB - 64, live: 0 });
    const block = heap.alloc(MiB - 64);
    expect(asked).toEqual([]);
    heap.free(block);
    heap.alloc(MiB);
    expect(asked.length).toBe(1);
    check(heap);
  });

  it("gives zero bytes a block of their own", () => {
    const { heap } = pretend();
    const a = heap.alloc(0);
    const b = heap.alloc(0);
    expect(a.ptr).not.toBe(b.ptr);
    heap.free(a);
    heap.free(b);
    check(heap);
  });

  const ORDERS = [
    [0, 1, 2],
    [2, 1, 0],
    [1, 0, 2],
    [0, 2, 1],
  ];
  it.each(ORDERS.flatMap((order) => [1, 20].map((scale) => [scale, ...order])))(
    "merges neighbours, times %i, freed in the order %i %i %i",
    (scale, ...order) => {
      const { heap } = pretend();
      const blocks = [heap.alloc(64 * scale), heap.alloc(128 * scale), heap.alloc(192 * scale)];
      const fence = heap.alloc(64 * scale);
      for (const i of order) {
        heap.free(blocks[i] as Block);
        check(heap);
      }
      expect(heap.alloc(64 * 6 * scale).ptr).toBe(blocks[0]?.ptr);
      heap.free(fence);
      check(heap);
    },
  );

  it("keeps small blocks out of the holes of large ones, and gives their ground back", () => {
    const { heap } = pretend();
    const [a, hole, b] = [heap.alloc(100_000), heap.alloc(100_000), heap.alloc(100_000)];
    const small = Array.from({ length: 600 }, () => heap.alloc(64));
    heap.free(hole);
    const more = Array.from({ length: 100 }, () => heap.alloc(64));
    check(heap);
    expect(heap.alloc(100_000 - 2 * 16384).ptr).toBeLessThan(b.ptr);
    for (const block of [...small, ...more, a, b]) heap.free(block);
    check(heap);
    expect([...heap.walk()].some((span) => span.small)).toBe(false);
  });

  it("finds room for small blocks where there is none for their ground", () => {
    const { heap } = pretend({ limit: 128 * 1024 });
    const blocks = [heap.alloc(120 * 1024), heap.alloc(4 * 1024), heap.alloc(64)];
    check(heap);
    for (const block of blocks) heap.free(block);
    check(heap);
    expect(heap.alloc(128 * 1024).size).toBe(128 * 1024);
  });

  it("uses the same place again without growing", () => {
    const { heap, asked } = pretend();
    heap.free(heap.alloc(1000));
    const growths = asked.length;
    for (let i = 0; i < 1000; i++) heap.free(heap.alloc(1000));
    expect(asked.length).toBe(growths);
    expect(heap.stats.peak).toBe(1024);
  });

  it("merges what it grows by with a free last block", () => {
    const { heap } = pretend();
    heap.free(heap.alloc(MiB));
    const before = heap.stats.reserved;
    const block = heap.alloc(before + 64);
    expect(block.ptr).toBe(1024);
    expect(heap.stats.reserved).toBeLessThan(2 * before + MiB);
    check(heap);
  });

  it("grows by whole pages, never beyond the limit", () => {
    const { heap, asked } = pretend({ limit: 3 * MiB });
    heap.alloc(2.5 * MiB);
    heap.alloc(0.5 * MiB);
    expect(asked.at(-1)).toBe(1024 + 3 * MiB);
    for (const bytes of asked.slice(0, -1)) expect(bytes % 65536).toBe(0);
    expect(() => heap.alloc(1)).toThrow(OutOfMemoryError);
    check(heap);
  });

  it("keeps pointers beyond 2 GiB positive", () => {
    const { heap } = pretend({ limit: 4 * GiB });
    const blocks = [heap.alloc(1.5 * GiB), heap.alloc(1 * GiB), heap.alloc(1 * GiB)];
    expect(blocks[2]?.ptr).toBe(1024 + 2.5 * GiB);
    const rest = heap.alloc(GiB / 2 - 1024);
    expect(rest.ptr + rest.size).toBe(4 * GiB);
    expect(() => heap.alloc(1)).toThrow(OutOfMemoryError);
    for (const block of [...blocks, rest]) heap.free(block);
    check(heap);
  });

  it("detects a block that is freed twice, even when its place is in use again", () => {
    const { heap } = pretend();
    const a = heap.alloc(100);
    heap.free(a);
    expect(() => heap.free(a)).toThrow(ValueError);
    const b = heap.alloc(100);
    expect(b.ptr).toBe(a.ptr);
    expect(() => heap.free(a)).toThrow("heap: block freed twice, 128 bytes at 1024");
    expect(heap.stats).toMatchObject({ live: 128, blocks: 1 });
    heap.free(b);
    check(heap);
  });

  it.each([NaN, -1, Infinity, 5 * GiB])("refuses %d bytes", (bytes) => {
    const { heap } = pretend();
    heap.alloc(10);
    const before = heap.stats;
    expect(() => heap.alloc(bytes)).toThrow(bytes > 0 ? OutOfMemoryError : ValueError);
    expect(heap.stats).toEqual(before);
  });

  it("says what was wanted when the limit is reached, and loses nothing", () => {
    const { heap, asked } = pretend({ limit: 4 * MiB });
    const block = heap.alloc(3 * MiB);
    const before = [...heap.walk()];
    const growths = asked.length;
    let error: unknown;
    try {
      heap.alloc(2 * MiB);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(OutOfMemoryError);
    expect(error).toMatchObject({
      name: "OutOfMemoryError",
      wanted: 2 * MiB,
      live: 3 * MiB,
      limit: 4 * MiB,
    });
    expect((error as Error).message).toMatch(
      /^heap: out of memory, wanted 2 MiB, live 3 MiB, reserved .* limit 4 MiB \(.*raise the limit: init\(\{ maxMemory/,
    );
    expect([...heap.walk()]).toEqual(before);
    expect(asked.length).toBe(growths);
    heap.free(block);
    heap.free(heap.alloc(4 * MiB));
    check(heap);
  });

  it("takes a new limit at run time", () => {
    const { heap } = pretend({ limit: MiB });
    expect(() => heap.alloc(2 * MiB)).toThrow(OutOfMemoryError);
    heap.limit = 8 * MiB;
    const block = heap.alloc(2 * MiB);
    heap.limit = 0;
    expect(() => heap.alloc(64)).toThrow(OutOfMemoryError);
    heap.free(block);
    expect(heap.stats.live).toBe(0);
    heap.limit = Infinity;
    expect(heap.limit).toBe(4 * GiB - 1024);
    expect(() => (heap.limit = NaN)).toThrow(ValueError);
  });

  it("asks for less when the host refuses the roomy growth, and says so when it refuses that too", () => {
    const { heap, asked } = pretend({ limit: GiB, host: 17 * MiB });
    heap.alloc(16 * MiB);
    expect(asked.length).toBe(1);
    heap.alloc(128 * 1024); // an eighth would be 2 MiB
    expect(asked.length).toBe(3);
    expect(() => heap.alloc(MiB)).toThrow(/the host gives no more, wanted 1 MiB/);
    check(heap);
    heap.alloc(64);
    check(heap);
  });

  it("stays consistent under random use", () => {
    const { heap } = pretend();
    const random = generator(1);
    const live: Block[] = [];
    for (let i = 0; i < 3000; i++) {
      if (live.length > 0 && random() < 0.5) {
        const at = Math.floor(random() * live.length);
        const block = live[at] as Block;
        live[at] = live[live.length - 1] as Block;
        live.pop();
        heap.free(block);
      } else {
        live.push(heap.alloc(logUniform(random)));
      }
      if (i % 50 === 0) check(heap);
    }
    for (const block of live) heap.free(block);
    check(heap);
    expect(heap.stats.largestFree).toBe(heap.stats.reserved);
  });
});
