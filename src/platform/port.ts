/** What workers and ports of all hosts have: `Worker` of browsers, Deno and Bun, Node's `Worker`, a `MessagePort`. */
export interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
}

/** Why there is no kernel binary, and the way out. */
export interface Missing {
  readonly missing: string;
}

/** How a worker thread may be started. What a page may load depends on its bundler and its policy, and only trying it tells. */
export interface Way {
  /** For people, where there is more than one. */
  readonly name?: string;
  readonly start: () => Port;
}

/** What a host's workers may have besides: only some of it is there. */
interface Host extends Port {
  on?(event: string, listener: (value: unknown) => void): unknown;
  addEventListener?(event: string, listener: (event: Event) => void): void;
  start?(): void;
  ref?(): void;
  unref?(): void;
  terminate?(): unknown;
  close?(): void;
}

const text = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** Hears what comes from the other side, and that nothing will come any more. */
export function listen(port: Port, message: (data: unknown) => void, lost: (reason: string) => void): void {
  const host = port as Host;
  const garbled = (): void => lost("sent a message that cannot be read");
  if (host.on) {
    // Node's. The error comes before the exit.
    host.on("message", message);
    host.on("messageerror", garbled);
    host.on("error", (error) => lost(`ended with ${text(error)}`));
    host.on("exit", (code) => lost(`exited with code ${String(code)}`));
    host.on("close", () => lost("was closed"));
  } else {
    host.addEventListener?.("message", (event) => message((event as MessageEvent).data));
    host.addEventListener?.("messageerror", garbled);
    host.addEventListener?.("error", (event) => {
      lost(`ended with ${(event as ErrorEvent).message || "an error: could its file not be loaded?"}`);
    });
    host.start?.();
  }
}

/** Whether the process waits for this worker, in hosts that have such a thing. */
export function hold(port: Port, waits: boolean): void {
  const host = port as Host;
  if (waits) host.ref?.();
  else host.unref?.();
}

/** Somebody else may use the same port. */
export const isOurs = (message: unknown): message is { readonly simdgrad: string } =>
  typeof message === "object" && message !== null && "simdgrad" in message;

export function end(port: Port): void {
  const host = port as Host;
  if (host.terminate) host.terminate();
  else host.close?.();
}
