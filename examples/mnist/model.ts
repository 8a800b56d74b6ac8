import { readFileSync } from "node:fs";
import { io, noGrad, type nn } from "simdgrad";
import { writeWhole } from "simdgrad/node";
import { createModel } from "./network.ts";
import { fileTrouble, Problem } from "../shared/problems.ts";

/** Writes a file whole or not at all. */
export function write(path: string, content: Uint8Array | string): void {
  try {
    writeWhole(path, content);
  } catch (error) {
    throw new Problem(`cannot write ${path}: ${fileTrouble(error)}`);
  }
}

/** Writes the weights; returns the size of the file in bytes. */
export function saveModel(model: nn.Module, path: string, metadata: Record<string, string>): number {
  const bytes = io.saveSafetensors(model.stateDict(), { metadata });
  write(path, bytes);
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
