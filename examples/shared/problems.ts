import { SimdgradError } from "simdgrad";

/** Something that the person who started the program can mend: shown as its message alone, without a stack. */
export class Problem extends Error {
  readonly exitCode: number = 1;
}

/** Wrong words on the command line. */
export class UsageProblem extends Problem {
  override readonly exitCode = 2;
}

const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error && "code" in error;

/** What a failed file operation means, in words. */
export function fileTrouble(error: unknown): string {
  if (!isFileError(error)) throw error;
  const words: Record<string, string> = {
    ENOENT: "it does not exist",
    EACCES: "permission denied",
    EPERM: "permission denied",
    EROFS: "the file system is read-only",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of the path is a file, not a folder",
    EEXIST: "a file of that name is in the way",
    ENOSPC: "no space left on the disk",
  };
  return words[error.code ?? ""] ?? error.message;
}

/** Runs a program: what people can mend is told in one line, anything else is a bug and keeps its stack. */
export async function runProgram(name: string, main: () => Promise<number>): Promise<void> {
  // Whoever reads the output has left (`… | head`): nobody is told anything any more.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(1);
  });
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof Problem || error instanceof SimdgradError || isFileError(error))) throw error;
    console.error(`${name}: ${error.message}`);
    process.exitCode = error instanceof Problem ? error.exitCode : 1;
  }
}
