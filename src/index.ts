export * from "./runtime.ts";
export { compile, type Compiled, type CompiledStats, type CompileOptions } from "./compile/compile.ts";
export { profile, Profile, type ProfileEntry } from "./profile/profile.ts";

export * as data from "./data/index.ts";
export * as io from "./io/index.ts";
export * as nn from "./nn/index.ts";
export * as optim from "./optim/index.ts";
export * as train from "./train/index.ts";
