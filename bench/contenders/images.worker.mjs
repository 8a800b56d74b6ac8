import { pathToFileURL } from "node:url";
import { workerData } from "node:worker_threads";
import { images } from "./images.mjs";

const simdgrad = await import(pathToFileURL(workerData.dist).href);
simdgrad.data.serve(images(simdgrad, workerData.spec));
