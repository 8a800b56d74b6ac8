import { spawnSync } from "node:child_process";

/** OpenBLAS settings of the surroundings would slow it down. */
export function pythonEnvironment() {
  const env = { ...process.env };
  delete env.OPENBLAS_CORETYPE;
  delete env.OPENBLAS_L2_SIZE;
  return env;
}

/**
 * The first Python that has PyTorch, or what the tries said.
 * @returns {{ command: string } | { missing: string }}
 */
export function findTorch() {
  const named = process.env.PYTHON ? [process.env.PYTHON] : [];
  const tries = [...named, "python3", "/usr/bin/python3"];
  const words = [];
  for (const command of tries) {
    const found = spawnSync(command, ["-c", "import torch"], { env: pythonEnvironment(), encoding: "utf8" });
    if (found.status === 0) return { command };
    words.push(`${command}: ${found.error?.message ?? found.stderr.trim().split("\n").at(-1) ?? "no"}`);
  }
  return { missing: words.join("; ") };
}
