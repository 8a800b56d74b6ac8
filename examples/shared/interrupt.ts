/** A signal that the first Ctrl-C (or a polite kill) fires; a second Ctrl-C quits at once. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Gives Ctrl-C its usual meaning back. */
  readonly release: () => void;
}

/** One key press may arrive twice: from the terminal, and once more from npm. */
const SAME_PRESS = 300;

export function catchInterrupt(say: () => void): Interrupt {
  const controller = new AbortController();
  let first = 0;
  const onSignal = (name: NodeJS.Signals): void => {
    const now = performance.now();
    if (!controller.signal.aborted) {
      first = now;
      controller.abort(name);
      say();
    } else if (now - first > SAME_PRESS) {
      release();
      process.kill(process.pid, name);
    }
  };
  const release = (): void => {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return { signal: controller.signal, release };
}
