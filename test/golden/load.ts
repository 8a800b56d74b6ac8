import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as simdgrad from "../../src/index.ts";
import type { Tensor } from "../../src/index.ts";
import { toTensor as toTensorOf } from "./check.ts";
import type { GoldenTensor, OpFamily, OptimCase, ScheduleCase, TrainingRun } from "./cases.ts";

const folder = process.env["GOLDENS_DIR"] ?? fileURLToPath(new URL("../goldens", import.meta.url));
if (!existsSync(folder))
  throw new Error(`goldens: the folder ${folder} is missing; GOLDENS_DIR names another`);

const read = (path: string): unknown => JSON.parse(readFileSync(join(folder, path), "utf8"));
const jsonFiles = (sub: string): string[] =>
  readdirSync(join(folder, sub))
    .filter((file) => file.endsWith(".json"))
    .sort();

export const opFamilies = (): OpFamily[] => jsonFiles("ops").map((file) => read(`ops/${file}`) as OpFamily);
export const trainingRuns = (): TrainingRun[] =>
  jsonFiles("training").map((file) => read(`training/${file}`) as TrainingRun);
export const optimCases = (): OptimCase[] => read("optim.json") as OptimCase[];
export const scheduleCases = (): ScheduleCase[] => read("schedules.json") as ScheduleCase[];

export const toTensor = (t: GoldenTensor): Tensor => toTensorOf(simdgrad, t);
