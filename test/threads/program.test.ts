import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { execute, intercept, JOIN, parallelism, SHARED } from "../../src/program/emit.ts";
import * as k from "../../src/program/kernels.gen.ts";
import { heap, init } from "../../src/wasm/engine.ts";
import type { Block, Ptr } from "../../src/wasm/heap.ts";
import { STATUS } from "../../src/wasm/layout.ts";
import { f32, i32 } from "../../src/wasm/views.ts";

/** Programs by hand: commands are recorded, marked, and run by all threads. */
class Recording {
  readonly words: number[] = [];
  count = 0;

  /** What `fn` emits, with these bits in the heads. */
  add(bits: number, fn: () => unknown): this {
    const record = (address: number): number => {
      const at = address >> 2;
      const head = i32[at] as number;
      this.words.push(head | bits, ...i32.subarray(at + 1, at + ((head >>> 12) & 0x3ffff)));
      this.count++;
      return 0;
    };
    intercept({ command: record }, fn);
    return this;
  }

  /** Runs it; [code, index of the command that failed, its code]. */
  run(): number[] {
    const program = take(this.words.length);
    i32.set(this.words, program >> 2);
    i32.fill(0, STATUS >> 2, (STATUS >> 2) + 2);
    const code = execute(program, this.count);
    return [code, i32[STATUS >> 2] as number, i32[(STATUS >> 2) + 1] as number];
  }
}

const taken: Block[] = [];

function take(words: number): Ptr {
  const block = heap().alloc(words * 4);
  taken.push(block);
  return block.ptr;
}

function array(n: number, value: (i: number) => number): Ptr {
  const at = take(n);
  for (let i = 0; i < n; i++) f32[(at >> 2) + i] = value(i);
  return at;
}

const read = (at: Ptr, n: number): number[] => [...f32.subarray(at >> 2, (at >> 2) + n)];

afterEach(() => {
  for (const block of taken.splice(0)) heap().free(block);
});

const SIDE = 24;
const N = SIDE * SIDE;
/** A square matrix seen from its other side. */
const TURNED = [2, SIDE, SIDE, SIDE, 1, 1, SIDE];

describe.each([1, 2, 3, 5])("a program on %i threads", (threads) => {
  beforeAll(() => init({ threads }));
  afterAll(() => init({ threads: 1 }));

  it("runs on so many", () => {
    expect(parallelism()).toBe(threads);
  });

  it("meets where a command joins: each reads what all others have written", () => {
    const [a, b, c, one] = [array(N, (i) => i), array(N, () => 0), array(N, () => 0), array(N, () => 1)];
    const program = new Recording();
    for (let turn = 0; turn < 300; turn++) {
      program.add(SHARED | JOIN, () => k.copy_32(b, a, TURNED));
      program.add(SHARED, () => k.axpy_f32(c, one, 1, N)); // has to do with neither
      program.add(SHARED | JOIN, () => k.copy_32(a, b, TURNED));
      // One thread alone, between others that all do.
      program.add(JOIN, () => k.axpy_f32(a, one, 1, N));
      program.add(0, () => k.fill_f32((a + 4 * (turn % N)) as Ptr, turn, 1));
    }
    const expected = array(N, (i) => i);
    for (let turn = 0; turn < 300; turn++) {
      for (let i = 0; i < N; i++) {
        const at = (expected >> 2) + i;
        f32[at] = (f32[at] as number) + 1;
      }
      f32[(expected >> 2) + (turn % N)] = turn;
    }
    expect(program.run()).toEqual([0, 0, 0]);
    expect(read(a, N)).toEqual(read(expected, N));
    expect(new Set(read(c, N))).toEqual(new Set([300]));
  });

  it("runs one program after the other, small ones too", () => {
    const a = array(N, () => 0);
    const one = array(N, () => 1);
    const program = new Recording().add(SHARED, () => k.axpy_f32(a, one, 1, N));
    for (let time = 0; time < 500; time++) expect(program.run()).toEqual([0, 0, 0]);
    expect(new Set(read(a, N))).toEqual(new Set([500]));
    expect(new Recording().run()).toEqual([0, 0, 0]);
  });

  it("stops at the meeting after a failure, and reports the one that comes first", () => {
    const a = array(N, () => 1);
    const bad = array(N, (i) => (i === 77 || i === 500 ? NaN : 0));
    const worse = array(N, (i) => (i === 3 ? NaN : 0));
    const add = (): unknown => k.axpy_f32(a, a, 1, N);
    const program = new Recording()
      .add(SHARED, add)
      .add(SHARED | JOIN, () => k.nonFinite_f32(bad, N, 0))
      .add(SHARED, () => k.nonFinite_f32(worse, N, 0))
      .add(SHARED | JOIN, add)
      .add(SHARED, () => k.nonFinite_f32(worse, N, 0));
    for (let time = 1; time <= 20; time++) {
      expect(program.run()).toEqual([78, 1, 78]);
      expect(read(a, 1)).toEqual([2 ** time]);
    }
  });

  it("reports what one thread alone finds", () => {
    const bad = array(N, (i) => (i === 9 ? NaN : 0));
    const a = array(N, () => 1);
    const program = new Recording()
      .add(SHARED, () => k.fill_f32(a, 2, N))
      .add(JOIN, () => k.nonFinite_f32(bad, N, 0))
      .add(SHARED | JOIN, () => k.fill_f32(a, 3, N));
    expect(program.run()).toEqual([10, 1, 10]);
    expect(new Set(read(a, N))).toEqual(new Set([2]));
    expect(new Recording().add(0, () => k.nonFinite_f32(bad, N, 0)).run()).toEqual([10, 0, 10]);
  });

  it("refuses a kernel that does not exist", () => {
    const program = new Recording().add(SHARED, () => k.fill_f32(0 as Ptr, 0, 0));
    program.words[0] = ((program.words[0] as number) & ~0xfff) | 0xfff;
    expect(program.run()).toEqual([-1, 0, -1]);
  });
});
