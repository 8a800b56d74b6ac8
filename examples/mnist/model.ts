import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { io, noGrad, type nn } from "simdgrad";
import { createModel } from "./network.ts";
import { fileTrouble, Problem } from "../shared/problems.ts";

/** Writes under another name first, so that no reader and no crash ever meets half a file. */
export function writeWhole(path: string, content: Uint8Array | string): void {
  const temporary = `${path}.${process.pid}.${randomBytes(3).toString("hex")}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw new Problem(`cannot write ${path}: ${fileTrouble(error)}`);
  }
}

/** Writes the weights; returns the size of the file in bytes. */
export function saveModel(model: nn.Module, path: string, metadata: Record<string, string>): number {
  const bytes = io.saveSafetensors(model.stateDict(), { metadata });
  writeWhole(path, bytes);
  return bytes.length;
}

/** A model with the weights of a file. */
export function loadModel(path: string): nn.Sequential {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Problem(`cannot read the model ${path}: ${fileTrouble(error)}`);
  }
  const model = createModel();
  noGrad(() => {
    const { tensors } = io.loadSafetensors(bytes, { name: path });
    try {
      model.loadStateDict(tensors);
    } catch (error) {
      throw new Problem(
        `${path} holds another model: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  });
  return model;
}
