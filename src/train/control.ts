interface Gate {
  readonly opened: Promise<void>;
  readonly open: () => void;
}

/**
 * Pauses and resumes a training from outside, such as by a button.
 * @example
 * const control = new train.Control();
 * const done = train.fit(model, loader, { …, control });
 * button.onclick = () => (control.paused ? control.resume() : control.pause());
 */
export class Control {
  #gate: Gate | null = null;

  get paused(): boolean {
    return this.#gate !== null;
  }

  /** Lets training wait before its next batch. */
  pause(): void {
    if (this.#gate !== null) return;
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    this.#gate = { opened, open };
  }

  resume(): void {
    this.#gate?.open();
    this.#gate = null;
  }

  /** Waits while paused; an abort ends the wait. For loops of your own: `if (control.paused) await control.resumed(signal)`. */
  async resumed(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    let giveUp = (): void => undefined;
    const aborted = new Promise<void>((resolve) => {
      giveUp = resolve;
      signal?.addEventListener("abort", giveUp);
    });
    // Who pauses again at once wants a pause.
    for (let gate = this.#gate; gate !== null && !signal?.aborted; gate = this.#gate)
      await Promise.race([gate.opened, aborted]);
    signal?.removeEventListener("abort", giveUp);
  }
}
