import { hold, type Port } from "../platform/port.ts";
import { turn } from "./turn.ts";

/**
 * Watches over a worker for as long as something is waited for, and holds the process meanwhile. Silence is the one way to notice a worker
 * that ended without a word, as browsers let them.
 */
export class Vigil {
  readonly #port: Port;
  readonly #timeout: number;
  readonly #lost: (reason: string) => void;
  readonly #ask: (() => void) | null;
  #heard = 0;
  /** The look to come; undefined while nothing is waited for. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param timeout milliseconds of silence after which the worker is lost.
   * @param ask asks the worker for a word, where it would have none to say by itself; done twice in each `timeout`.
   */
  constructor(port: Port, timeout: number, lost: (reason: string) => void, ask: (() => void) | null = null) {
    this.#port = port;
    this.#timeout = timeout;
    this.#lost = lost;
    this.#ask = ask;
  }

  /** Something came from the worker. */
  heard(): void {
    this.#heard = performance.now();
  }

  begin(): void {
    hold(this.#port, true);
    this.heard();
    this.#watch();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    hold(this.#port, false);
  }

  #watch(): void {
    this.#ask?.();
    const wait = this.#ask ? this.#timeout / 2 : this.#heard + this.#timeout - performance.now();
    const timer = setTimeout(() => {
      void this.#look(timer);
    }, wait);
    this.#timer = timer;
  }

  async #look(timer: ReturnType<typeof setTimeout>): Promise<void> {
    // After a long task of the program timers come first, with the answers behind them.
    await turn();
    await turn();
    if (timer !== this.#timer) return;
    if (performance.now() - this.#heard < this.#timeout) this.#watch();
    else this.#lost(`was silent for ${this.#timeout} ms`);
  }
}
