import type { Timeline } from "./stopwatch.ts";

/** Complete events ("X") of one thread: a viewer nests them by their times. Microseconds from the start. */
export function chromeTrace({ start, ops, commands }: Timeline): string {
  const event = (name: string, cat: string, from: number, to: number, args: object): object => ({
    name,
    cat,
    ph: "X",
    ts: (from - start) * 1000,
    dur: (to - from) * 1000,
    pid: 1,
    tid: 1,
    args,
  });
  const traceEvents = [
    ...ops.map((op) => event(op.name, "op", op.start, op.end, {})),
    ...commands.map(({ kernel, start, end, flops, bytes }) =>
      event(kernel, "kernel", start, end, { flops, bytes }),
    ),
  ];
  return JSON.stringify({ traceEvents, displayTimeUnit: "ms" });
}
