/** Trains with checkpoints in a folder and prints the hash of all that it came to; made to be killed. */
import { createHash } from "node:crypto";
import * as simdgrad from "simdgrad";
import { fileStore } from "simdgrad/node";
import { runProgram, type Library } from "./program.ts";

const [folder] = process.argv.slice(2);
const checkpoint = folder === undefined ? null : { store: fileStore(folder), everySteps: 3, keepLast: 2 };
const { all } = await runProgram(
  // The bundle has the same types, but for their identity.
  simdgrad as unknown as Library,
  {
    ...(checkpoint && { checkpoint, resume: true }),
    callbacks: [
      { onStart: ({ step }) => console.log(`from step ${step}`) },
      { onStep: ({ step }) => console.log(`step ${step}`) },
    ],
  },
  16,
);
console.log(`sha256 ${createHash("sha256").update(all).digest("hex")}`);
