import type { Tensor } from "../tensor/tensor.ts";
import { Module } from "./module.ts";

/** A module of one input and one output. */
export type Layer = Module & { forward(x: Tensor): Tensor };

/** Runs modules one after the other. Keys of the state dict start with the position. */
export class Sequential extends Module {
  private readonly layers: readonly Layer[];

  constructor(...layers: Layer[]) {
    super();
    this.layers = layers;
  }

  /** Children are named by position, as in PyTorch. */
  override *namedChildren(): Generator<[string, Module]> {
    for (const [i, layer] of this.layers.entries()) yield [String(i), layer];
  }

  get length(): number {
    return this.layers.length;
  }

  /** The layer at a position, counted from the end when negative. */
  at(i: number): Layer | undefined {
    return this.layers.at(i);
  }

  [Symbol.iterator](): IterableIterator<Layer> {
    return this.layers[Symbol.iterator]();
  }

  override forward(x: Tensor): Tensor {
    let out = x;
    for (const layer of this.layers) out = layer.forward(out);
    return out;
  }

  override config(): readonly unknown[] {
    return [...this.layers];
  }
}
