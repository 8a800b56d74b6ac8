import { browsers } from "./playwright.mjs";
import { processes } from "./processes.mjs";
import { webkit } from "./webkit.mjs";
import { workerd } from "./workerd.mjs";

/** @import { Runtime } from "../types.d.ts" */

/** @type {Runtime[]} */
export const RUNTIMES = [...processes, workerd, ...browsers, webkit];
