import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { io } from "../../index.ts";
import { writeWhole } from "./files.ts";

/** A temporary file of writeWhole, and the process that writes it. */
const PART = /\.(\d+)\.part$/;

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of somebody else's lives, too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * A store in a folder of the disk, which is made when it is first written to. A write goes to a temporary name, is synced and renamed, and
 * the folder is synced: a process that is killed at any moment, or a disk that is full, leaves the former file. Temporary files of processes
 * that died are cleared away.
 * @example
 * const store = fileStore("checkpoints");
 */
export function fileStore(folder: string): io.Store {
  const names = async (): Promise<string[]> => {
    try {
      return await readdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  };
  return {
    async write(name, bytes) {
      io.checkStoreWrite(name, bytes);
      await mkdir(folder, { recursive: true });
      for (const entry of await names()) {
        const pid = PART.exec(entry)?.[1];
        if (pid !== undefined && !lives(Number(pid))) await rm(join(folder, entry), { force: true });
      }
      writeWhole(join(folder, name), bytes);
    },
    async read(name) {
      io.checkStoreName(name);
      try {
        return new Uint8Array(await readFile(join(folder, name)));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
        throw error;
      }
    },
    async list() {
      return (await names()).filter((name) => io.isStoreName(name)).sort();
    },
    async remove(name) {
      io.checkStoreName(name);
      await rm(join(folder, name), { force: true });
    },
  };
}
