import { pathToFileURL } from "node:url";
import { done, FACTOR } from "./done.mjs";

/** @type {typeof import("../../dist/types/index.js")} */
const { tensor, matmul } = await import(pathToFileURL(String(process.argv[2])).href);
const x = tensor(FACTOR).reshape([2, 2]);
done(matmul(x, x).data);
