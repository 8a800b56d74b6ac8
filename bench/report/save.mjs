import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Writes the table and the JSON under the same name.
 * @param {string} folder
 * @param {{ when: Date, node: string, text: string, json: object }} report
 * @returns {string} the path of the JSON
 */
export function save(folder, { when, node, text, json }) {
  mkdirSync(folder, { recursive: true });
  const stamp = when.toISOString().slice(0, 16).replace(/[-:]/g, "").replace("T", "-");
  const path = join(folder, `${stamp}-node${node.replace(/^v/, "")}`);
  writeFileSync(`${path}.txt`, `${text}\n`);
  writeFileSync(`${path}.json`, `${JSON.stringify(json, null, 2)}\n`);
  return `${path}.json`;
}
