import type { HookHandle } from "../autograd/hooks.ts";
import type { Module } from "./module.ts";

/** Functions that run before and after a module's forward. */

export type Before = (module: Module, inputs: readonly unknown[]) => unknown;
export type After = (module: Module, inputs: readonly unknown[], output: unknown) => unknown;

let changes = 0;

/** How often a hook of any module has come or gone. */
export const hookChanges = (): number => changes;

const before = new WeakMap<Module, Before[]>();
const after = new WeakMap<Module, After[]>();

function register<Hook extends Before | After>(
  hooks: WeakMap<Module, Hook[]>,
  module: Module,
  own: Hook,
): HookHandle {
  changes++;
  hooks.set(module, [...(hooks.get(module) ?? []), own]);
  return {
    remove(): void {
      changes++;
      const rest = (hooks.get(module) ?? []).filter((hook) => hook !== own);
      if (rest.length > 0) hooks.set(module, rest);
      else hooks.delete(module);
    },
  };
}

// Wrappers: one function may be registered twice, and each handle takes off its own.
export const registerBefore = (module: Module, hook: Before): HookHandle =>
  register(before, module, (m, inputs) => hook(m, inputs));
export const registerAfter = (module: Module, hook: After): HookHandle =>
  register(after, module, (m, inputs, output) => hook(m, inputs, output));

/** Runs a module's forward with its hooks, each on what the one before left. */
export function withHooks(
  module: Module,
  given: readonly unknown[],
  forward: (inputs: readonly unknown[]) => unknown,
): unknown {
  let inputs = given;
  for (const hook of before.get(module) ?? []) {
    const changed = hook(module, inputs);
    if (changed !== undefined) inputs = changed as readonly unknown[];
  }
  let output = forward(inputs);
  for (const hook of after.get(module) ?? []) output = hook(module, inputs, output) ?? output;
  return output;
}
