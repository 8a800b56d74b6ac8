/** One worker thread, started in the first of several ways that works. */
import { end, hold, isOurs, listen, type Port, type Way } from "../platform/port.ts";

/** What a worker thread gets. */
export interface Start {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly team: number;
  readonly part: number;
  readonly parts: number;
}

export class Thread {
  readonly #start: Start;
  readonly #ways: readonly Way[];
  readonly #begun: () => void;
  readonly #lost: (reason: string) => void;
  readonly #failures: string[] = [];
  #way = 0;
  #port: Port | null = null;
  #works = false;
  #ended = false;

  /**
   * Neither function is called before the constructor returns, nor after `end()`.
   * @param begun once it works.
   * @param lost once, when no way works or when it ended: says why.
   */
  constructor(start: Start, ways: readonly Way[], begun: () => void, lost: (reason: string) => void) {
    this.#start = start;
    this.#ways = ways;
    this.#begun = begun;
    this.#lost = lost;
    this.#attempt(0);
  }

  /** Whether the process waits for it. */
  hold(waits: boolean): void {
    if (this.#port) hold(this.#port, waits);
  }

  end(): void {
    this.#ended = true;
    if (this.#port) end(this.#port);
    this.#port = null;
  }

  #attempt(way: number): void {
    this.#way = way;
    const { start } = this.#ways[way] as Way;
    try {
      const port = (this.#port = start());
      listen(
        port,
        (message) => {
          if (this.#ended || this.#way !== way || this.#works || !isOurs(message)) return;
          this.#works = true;
          this.#begun();
        },
        (reason) => this.#fail(way, reason),
      );
      port.postMessage(this.#start, []);
    } catch (error) {
      // A page may start no worker from another origin, for one.
      void Promise.resolve().then(() => this.#fail(way, `was refused: ${String(error)}`));
    }
  }

  #fail(way: number, reason: string): void {
    if (this.#ended || this.#way !== way) return;
    const { name } = this.#ways[way] as Way;
    this.#failures.push(name ? `(${name}) ${reason}` : reason);
    if (this.#works || way + 1 === this.#ways.length) {
      this.end();
      this.#lost(this.#works ? reason : this.#failures.join(" and "));
    } else {
      if (this.#port) end(this.#port);
      this.#port = null;
      this.#attempt(way + 1);
    }
  }
}
