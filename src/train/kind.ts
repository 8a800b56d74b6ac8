/** What tells a checkpoint of another model, optimiser or schedule before anything is loaded. */
import { ValueError } from "../errors.ts";
import { builtInName } from "../io/modules.ts";
import { toJson, type Json } from "../io/values.ts";
import { Module } from "../nn/module.ts";
import { Optimizer } from "../optim/optimizer.ts";
import { LRScheduler } from "../optim/schedule.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Stateful } from "./checkpoint.ts";

/** The kind of a part; null where there is none to tell. */
export function kindOf(part: Stateful): Json {
  if (part instanceof Module) return layersOf(part);
  return part instanceof Optimizer || part instanceof LRScheduler ? part.name : null;
}

/** The library's layers by their paths, with their arguments. Classes of one's own have names that bundlers change. */
function layersOf(model: Module): Readonly<Record<string, string>> {
  const layers: Record<string, string> = {};
  for (const [path, module] of model.namedModules()) {
    const name = builtInName(module);
    if (name === null) continue;
    // Modules within have paths of their own.
    const own = module.config().filter((arg) => !(arg instanceof Module));
    const args = own.map((arg) =>
      JSON.stringify(toJson(arg, `${name}.config()`, (value) => (value instanceof Module ? {} : undefined))),
    );
    layers[path] = `${name}(${args.join(", ")})`;
  }
  return layers;
}

/** In what two kinds differ, in words; null for nothing. */
export function sameKind(part: string, saved: Json, here: Json): string | null {
  if (typeof saved !== "object" || typeof here !== "object" || saved === null || here === null) {
    const [was, is] = [saved, here].map((kind) => (typeof kind === "string" ? kind : "another kind"));
    return saved === here ? null : `${part} is ${was} in it and ${is} here`;
  }
  const [was, is] = [saved, here] as Readonly<Record<string, string>>[];
  for (const path of new Set([...Object.keys(was ?? {}), ...Object.keys(is ?? {})])) {
    const [before, now] = [was, is].map((layers) => layers?.[path] ?? "missing");
    if (before !== now)
      return `it is of another model, ${part}${path && `.${path}`} is ${before} in it and ${now} here`;
  }
  return null;
}

interface ModelState {
  readonly state: Readonly<Record<string, Tensor>>;
  /** Paths of the modules that do not train. */
  readonly evaluating: readonly string[];
  /** Keys of the parameters without gradient. */
  readonly frozen: readonly string[];
}

/** A model's state and its flags. */
export function modelPart(model: Module): Stateful {
  return {
    stateDict: (): ModelState => ({
      state: model.stateDict(),
      evaluating: [...model.namedModules()].flatMap(([path, module]) => (module.training ? [] : [path])),
      frozen: [...model.namedParameters()].flatMap(([key, p]) => (p.requiresGrad ? [] : [key])),
    }),
    loadStateDict({ state, evaluating, frozen }: ModelState) {
      if (!Array.isArray(evaluating) || !Array.isArray(frozen))
        throw new ValueError("the state has no flags of its modules");
      model.loadStateDict(state);
      for (const [path, module] of model.namedModules()) module.training = !evaluating.includes(path);
      for (const [key, p] of model.namedParameters()) {
        const on = !frozen.includes(key);
        if (p.requiresGrad !== on) p.requiresGrad = on;
      }
    },
  };
}
