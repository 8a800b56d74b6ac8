/** Prints what fifty steps give in this Node: node --import tsx test/browser/fifty-steps.node.ts <variant> … */
import * as simdgrad from "simdgrad";
import { fiftySteps, type Variant } from "./fifty-steps.ts";

const outcomes = [];
for (const variant of process.argv.slice(2)) outcomes.push(await fiftySteps(simdgrad, variant as Variant));
console.log(JSON.stringify(outcomes));
