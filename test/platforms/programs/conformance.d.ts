/** What lies beside these programs once the command has made it. */
export { conform } from "../conformance/index.ts";
