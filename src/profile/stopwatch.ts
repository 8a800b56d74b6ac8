import { interceptor, launch, type Interceptor } from "../program/emit.ts";
import { kernelNames } from "../program/kernels.gen.ts";
import { kernelOf } from "../program/command.ts";
import type { Spans } from "../program/span.ts";
import { bytesOf, flopsOf } from "../program/work.ts";
import { i32 } from "../wasm/views.ts";

/** An op, from its call to its return; times in milliseconds. */
export interface OpSpan {
  readonly name: string;
  /** The op that called it for a part of its work. */
  readonly parent: OpSpan | null;
  readonly start: number;
  end: number;
}

/** A kernel's run. */
export interface CommandSpan {
  readonly kernel: string;
  readonly op: OpSpan | null;
  readonly start: number;
  readonly end: number;
  readonly flops: number;
  readonly bytes: number;
}

/** All that happened, in the order of its beginning. */
export interface Timeline {
  readonly start: number;
  readonly end: number;
  readonly ops: readonly OpSpan[];
  readonly commands: readonly CommandSpan[];
}

/** Notes when ops and kernels run. */
export class Stopwatch implements Interceptor, Spans {
  private readonly ops: OpSpan[] = [];
  private readonly commands: CommandSpan[] = [];
  private readonly next = interceptor;
  private current: OpSpan | null = null;
  private readonly start = performance.now();

  span<T>(name: string, fn: () => T): T {
    const parent = this.current;
    const op: OpSpan = { name, parent, start: performance.now(), end: NaN };
    this.ops.push(op);
    this.current = op;
    try {
      return fn();
    } finally {
      op.end = performance.now();
      this.current = parent;
    }
  }

  command(address: number): number {
    const kernel = kernelNames[kernelOf(i32[address >>> 2] as number)] as string;
    const [flops, bytes] = [flopsOf(address), bytesOf(address)];
    const start = performance.now();
    const code = this.next === null ? launch(address) : this.next.command(address);
    const end = performance.now();
    this.commands.push({ kernel, op: this.current, start, end, flops, bytes });
    return code;
  }

  stop(): Timeline {
    return { start: this.start, end: performance.now(), ops: this.ops, commands: this.commands };
  }
}
