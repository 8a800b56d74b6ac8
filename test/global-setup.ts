import { ensureWasm } from "../scripts/ensure.mjs";

/** Tests import src/, which reads the kernels from dist/: `npx vitest run` works right after `npm ci`. */
export const setup = (): Promise<void> => ensureWasm();
