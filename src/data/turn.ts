/** The parts of the host that are not in every host. */
interface Host {
  setImmediate?: (callback: () => void) => unknown;
  MessageChannel?: typeof MessageChannel;
}

/**
 * Resolves after the event loop has gone round once: timers, signals, messages and paints get their turn. A
 * promise alone would not do that: microtasks all run before the loop goes on.
 */
export function turn(): Promise<void> {
  const host = globalThis as Host;
  return new Promise((resolve) => {
    if (host.setImmediate) {
      host.setImmediate(resolve);
    } else if (host.MessageChannel) {
      // Browsers hold nested timeouts back for 4 ms, messages not. An open port would keep some hosts alive.
      const { port1, port2 } = new host.MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    } else {
      setTimeout(resolve, 0);
    }
  });
}
