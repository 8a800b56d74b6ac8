import { noGrad } from "../autograd/mode.ts";
import type { Module } from "../nn/module.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import { copy_ } from "../ops/inplace.ts";
import { build, own } from "../tensor/lifetime.ts";
import { contiguous, copyInto, empty, type Tensor } from "../tensor/tensor.ts";

/** A copy of the weights and buffers of a model at one moment. */
export class Snapshot {
  private readonly copies: ReadonlyMap<string, Tensor>;

  constructor(model: Pick<Module, "stateDict">) {
    const entries = Object.entries(model.stateDict());
    this.copies = build("Snapshot", () => new Map(entries.map(([key, t]) => [key, copyOf(t)])));
  }

  /** Copies them back. */
  restore(model: Module): void {
    model.loadStateDict(Object.fromEntries(this.copies));
  }

  /** Takes those of now in place of the former. */
  take(model: Module): void {
    noGrad(() => {
      for (const [key, t] of Object.entries(model.stateDict())) copy_(this.copies.get(key) as Tensor, t);
    });
  }

  get state(): Readonly<Record<string, Tensor>> {
    return Object.fromEntries(this.copies);
  }

  dispose(): void {
    for (const t of this.copies.values()) t.dispose();
  }
}

/** Copies an optimiser's state; what it returns puts it back, once. */
export function saveOptimizer(optimizer: Optimizer): { restore(): void; dispose(): void } {
  const { state, param_groups } = optimizer.stateDict();
  const copies: Tensor[] = [];
  const copied = build("Snapshot", () =>
    Object.entries(state).map(([id, entry]) => {
      const values = Object.entries(entry).map(([key, value]): [string, Tensor | number] => {
        if (typeof value === "number") return [key, value];
        const copy = copyOf(value);
        copies.push(copy);
        return [key, copy];
      });
      return [id, Object.fromEntries(values)] as const;
    }),
  );
  return {
    restore: () => optimizer.loadStateDict({ state: Object.fromEntries(copied), param_groups }),
    dispose() {
      for (const t of copies) t.dispose();
    },
  };
}

function copyOf(t: Tensor): Tensor {
  const copy = own(empty(t.shape, t.dtype));
  copyInto(copy, contiguous(t));
  return copy;
}
