import { PlatformError } from "../../errors.ts";
import { checkStoreName, checkStoreWrite, type Store } from "../store.ts";

const TABLE = "files";

/** What an IndexedDB request gives. */
function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the request failed"));
  });
}

function open(database: string): Promise<IDBDatabase> {
  const request = indexedDB.open(database, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(TABLE);
  };
  return answer(request);
}

/**
 * A store in the browser's IndexedDB, for pages and workers. A write is one transaction: all or nothing.
 * @param database the name of the database, one for each kind of thing. Default "simdgrad".
 * @throws {PlatformError} (by the methods) there is no IndexedDB here, or it refuses, for instance because the disk is full.
 * @example
 * const store = io.indexedDbStore("my-app");
 */
export function indexedDbStore(database = "simdgrad"): Store {
  let opened: Promise<IDBDatabase> | undefined;

  const connect = (): Promise<IDBDatabase> => {
    opened ??= open(database).then(
      (db) => {
        // Another page that deletes or upgrades the database must not wait for this one.
        db.onversionchange = () => db.close();
        db.onclose = () => (opened = undefined);
        return db;
      },
      (error: unknown) => {
        opened = undefined;
        throw error;
      },
    );
    return opened;
  };

  /** Runs one request in a transaction of its own, and ends when it is on the disk. */
  const run = async <T>(
    op: string,
    mode: IDBTransactionMode,
    request: (files: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> => {
    if (typeof indexedDB === "undefined")
      throw new PlatformError("indexedDbStore: this host has no IndexedDB (use another store)");
    try {
      const db = await connect();
      const transaction = db.transaction(TABLE, mode, { durability: "strict" });
      const ended = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new Error("the transaction was aborted"));
      });
      const [result] = await Promise.all([answer(request(transaction.objectStore(TABLE))), ended]);
      return result;
    } catch (cause) {
      throw new PlatformError(
        `indexedDbStore: ${op} failed, ${cause instanceof Error ? cause.message : String(cause)} (what was there before is still there)`,
        { cause },
      );
    }
  };

  return {
    async write(name, bytes) {
      const key = checkStoreWrite(name, bytes);
      // A view would take its whole buffer along.
      await run(`writing ${key}`, "readwrite", (files) => files.put(bytes.slice(), key));
    },
    async read(name) {
      const key = checkStoreName(name);
      const found: unknown = await run(`reading ${key}`, "readonly", (files) => files.get(key));
      return found instanceof Uint8Array ? found : null;
    },
    async list() {
      const keys = await run("listing", "readonly", (files) => files.getAllKeys());
      return keys.map(String).sort();
    },
    async remove(name) {
      const key = checkStoreName(name);
      await run(`removing ${key}`, "readwrite", (files) => files.delete(key));
    },
  };
}
