export { Adam, AdamW, type AdamOptions } from "./adam.ts";
export { Optimizer, type GroupOptions, type ParamGroup } from "./optimizer.ts";
export { OneCycleLR, type OneCycleLROptions } from "./schedules.ts";
export { SGD, type SGDOptions } from "./sgd.ts";
