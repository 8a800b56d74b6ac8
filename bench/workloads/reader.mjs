import { readFileSync } from "node:fs";
import { join } from "node:path";
/** @import { Arrays, Spec } from "../types.d.ts" */

/**
 * @param {string} folder
 * @param {string} name
 * @returns {{ spec: Spec, arrays: Arrays }}
 */
export function readWorkload(folder, name) {
  /** @type {Spec} */
  const spec = JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8"));
  const { buffer, byteOffset } = readFileSync(join(folder, `${name}.bin`));
  /** @type {Arrays} */
  const arrays = ({ offset, shape, dtype }) => {
    const length = shape.reduce((a, b) => a * b, 1);
    const bytes = buffer.slice(byteOffset + offset, byteOffset + offset + 4 * length);
    return dtype === "f32" ? new Float32Array(bytes) : new Int32Array(bytes);
  };
  return { spec, arrays };
}
