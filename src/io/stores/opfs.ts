import { PlatformError } from "../../errors.ts";
import { checkStoreName, checkStoreWrite, isStoreName, type Store } from "../store.ts";

const isMissing = (error: unknown): boolean =>
  error instanceof DOMException && error.name === "NotFoundError";

/**
 * A store in the origin private file system of a browser, for pages and workers. What is written goes to a file beside, which takes the place
 * of the former one when it is closed.
 * @param folder where in that file system, one for each kind of thing. Default "simdgrad".
 * @throws {PlatformError} (by the methods) there is no such file system here, or it refuses, for instance because the disk is full.
 * @example
 * const store = io.opfsStore("my-app");
 */
export function opfsStore(folder = "simdgrad"): Store {
  checkStoreName(folder);

  const run = async <T>(op: string, use: (files: FileSystemDirectoryHandle) => Promise<T>): Promise<T> => {
    // Not there in old browsers and outside of secure contexts, whatever the types say.
    const storage = (globalThis as { navigator?: { storage?: StorageManager } }).navigator?.storage;
    if (typeof storage?.getDirectory !== "function")
      throw new PlatformError("opfsStore: this host has no private file system (use indexedDbStore)");
    try {
      const root = await storage.getDirectory();
      return await use(await root.getDirectoryHandle(folder, { create: true }));
    } catch (cause) {
      throw new PlatformError(
        `opfsStore: ${op} failed, ${cause instanceof Error ? cause.message : String(cause)} (what was there before is still there)`,
        { cause },
      );
    }
  };

  /** The file of a name. One that is empty is left of a first write that was cut short, and counts as none. */
  const find = async (files: FileSystemDirectoryHandle, name: string): Promise<File | null> => {
    try {
      const file = await (await files.getFileHandle(name)).getFile();
      return file.size === 0 ? null : file;
    } catch (error) {
      if (isMissing(error)) return null;
      throw error;
    }
  };

  return {
    async write(name, bytes) {
      checkStoreWrite(name, bytes);
      await run(`writing ${name}`, async (files) => {
        const target = await (await files.getFileHandle(name, { create: true })).createWritable();
        try {
          await target.write(bytes as Uint8Array<ArrayBuffer>);
        } catch (error) {
          await target.abort().catch(() => undefined);
          throw error;
        }
        await target.close();
      });
    },
    async read(name) {
      checkStoreName(name);
      return run(`reading ${name}`, async (files) => {
        const file = await find(files, name);
        return file === null ? null : new Uint8Array(await file.arrayBuffer());
      });
    },
    async list() {
      return run("listing", async (files) => {
        const names: string[] = [];
        for await (const name of files.keys())
          if (isStoreName(name) && (await find(files, name)) !== null) names.push(name);
        return names.sort();
      });
    },
    async remove(name) {
      checkStoreName(name);
      await run(`removing ${name}`, async (files) => {
        if ((await find(files, name)) !== null) await files.removeEntry(name);
      });
    },
  };
}
