import type { OpSpan, Timeline } from "./stopwatch.ts";

/** The kernels of one op, or of one gradient rule ("backward of …"), or one kernel that no op called for. */
export interface ProfileEntry {
  readonly name: string;
  /** How often it was called; of an op, calls that ran a kernel. */
  readonly calls: number;
  /** Milliseconds in kernels. */
  readonly ms: number;
  /** Of the function's whole time. */
  readonly share: number;
  /** Operations, by estimate. */
  readonly flops: number;
  /** Bytes that must be read and written at least, by estimate. */
  readonly bytes: number;
}

/** The op that the user called. */
function outermost(op: OpSpan): OpSpan {
  while (op.parent !== null) op = op.parent;
  return op;
}

export function entriesOf({ start, end, commands }: Timeline): ProfileEntry[] {
  const found = new Map<string, { calls: number; ms: number; flops: number; bytes: number }>();
  let last: OpSpan | null = null;
  for (const command of commands) {
    const op = command.op === null ? null : outermost(command.op);
    const name = op?.name ?? command.kernel;
    const entry = found.get(name) ?? { calls: 0, ms: 0, flops: 0, bytes: 0 };
    found.set(name, entry);
    if (op === null || op !== last) entry.calls++;
    last = op;
    entry.ms += command.end - command.start;
    entry.flops += command.flops;
    entry.bytes += command.bytes;
  }
  return [...found]
    .map(([name, entry]) => ({ name, ...entry, share: entry.ms / (end - start) }))
    .sort((a, b) => b.ms - a.ms);
}
