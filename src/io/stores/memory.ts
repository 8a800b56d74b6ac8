import { checkStoreName, checkStoreWrite, type Store } from "../store.ts";

/**
 * A store that lives as long as the program: for tests, and to go back within a run.
 * @example
 * const store = io.memoryStore();
 */
export function memoryStore(): Store {
  const files = new Map<string, Uint8Array>();
  return {
    // Async, so that a bad name rejects, as in the other stores.
    // eslint-disable-next-line @typescript-eslint/require-await
    async write(name, bytes) {
      files.set(checkStoreWrite(name, bytes), bytes.slice());
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async read(name) {
      return files.get(checkStoreName(name))?.slice() ?? null;
    },
    list: () => Promise.resolve([...files.keys()].sort()),
    // eslint-disable-next-line @typescript-eslint/require-await
    async remove(name) {
      files.delete(checkStoreName(name));
    },
  };
}
