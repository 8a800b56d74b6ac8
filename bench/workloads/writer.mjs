import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { random } from "./random.mjs";
/** @import { ArrayAt, LoaderSpec, Spec } from "../types.d.ts" */

/** Collects the arrays of one workload for its .bin file. */
export class Writer {
  /** @type {(Float32Array | Int32Array)[]} */
  parts = [];
  length = 0;

  /** @param {number} seed */
  constructor(seed) {
    this.next = random(seed);
  }

  /**
   * @param {number[]} shape
   * @param {Float32Array | Int32Array} values
   * @returns {ArrayAt}
   */
  add(shape, values) {
    const at = { offset: this.length, shape, dtype: values instanceof Float32Array ? "f32" : "i32" };
    this.parts.push(values);
    this.length += values.byteLength;
    return /** @type {ArrayAt} */ (at);
  }

  /**
   * @param {number[]} shape
   * @param {number} lo
   * @param {number} hi
   */
  uniform(shape, lo, hi) {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.add(
      shape,
      Float32Array.from({ length: size }, () => lo + (hi - lo) * this.next()),
    );
  }

  /**
   * @param {number[]} shape
   * @param {number} value
   */
  filled(shape, value) {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.add(shape, new Float32Array(size).fill(value));
  }

  /**
   * @param {number[]} shape
   * @param {number} classes
   */
  labels(shape, classes) {
    const size = shape.reduce((a, b) => a * b, 1);
    return this.add(
      shape,
      Int32Array.from({ length: size }, () => Math.floor(this.next() * classes)),
    );
  }

  /**
   * Writes `<name>.json` and `<name>.bin`.
   * @param {string} folder
   * @param {Spec | LoaderSpec} spec
   */
  save(folder, spec) {
    const bytes = new Uint8Array(this.length);
    let offset = 0;
    for (const part of this.parts) {
      bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), offset);
      offset += part.byteLength;
    }
    writeFileSync(join(folder, `${spec.name}.bin`), bytes);
    writeFileSync(join(folder, `${spec.name}.json`), JSON.stringify(spec));
  }
}
