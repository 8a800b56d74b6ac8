import type { Module } from "../nn/module.ts";

/** Notes whether each module trains; what it returns sets that back. */
export function rememberModes(model: Module): () => void {
  const modes = [...model.namedModules()].map(([, module]) => [module, module.training] as const);
  return () => {
    for (const [module, training] of modes) module.training = training;
  };
}
