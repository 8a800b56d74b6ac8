/** For runtimes that are programs: node process.js. The last line is the report. */
import { conform } from "./conformance.js";

console.log(JSON.stringify(await conform()));
