import { readFileSync } from "node:fs";
import { io, type nn } from "simdgrad";
import { writeWhole } from "simdgrad/node";
import { CLASSES, PREPROCESSING } from "./digits.ts";
import { fileTrouble, Problem } from "../shared/problems.ts";

const DIGITS = Array.from({ length: CLASSES }, (_, digit) => String(digit));

/** Writes a file whole or not at all. */
export function write(path: string, content: Uint8Array | string): void {
  try {
    writeWhole(path, content);
  } catch (error) {
    throw new Problem(`cannot write ${path}: ${fileTrouble(error)}`);
  }
}

/** Writes the model's file, which says all that a program needs to use it; returns its size in bytes. */
export function saveModel(model: nn.Module, path: string, metadata: Record<string, string>): number {
  const bytes = io.save(model, { classes: DIGITS, preprocessing: PREPROCESSING, metadata });
  write(path, bytes);
  return bytes.length;
}

/** The model of a file. */
export function loadModel(path: string): nn.Layer {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new Problem(`cannot read the model ${path}: ${fileTrouble(error)}`);
  }
  const { model, classes } = io.load(bytes, { name: path });
  if (classes.join() !== DIGITS.join())
    throw new Problem(`${path} holds another model: its classes are ${classes.join(", ") || "none"}`);
  return model;
}
