/** A worker that serves a folder of images. */
import { workerData } from "node:worker_threads";
import { imageFolder } from "../../../src/companions/node.ts";
import { data } from "../../../src/index.ts";

data.serve(imageFolder(workerData as string, { size: 4 }));
