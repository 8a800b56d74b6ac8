import type { Tensor } from "../tensor/tensor.ts";
import type { Node } from "./node.ts";

/** What looks at every result while anomaly mode is on (anomaly.ts). The state stands here, where ops can see it without more imports. */
export interface Watch {
  /** Refuses results that are not finite. */
  results(op: string, inputs: readonly Tensor[], outputs: readonly Tensor[]): void;
  /** The function of a composite op, with its results looked at as a whole: what it makes on the way is its own affair. */
  composite<T>(op: string, fn: () => T): () => T;
  /** Runs a backward pass, in which only gradients are looked at. */
  pass(fn: () => void): void;
  /** Refuses gradients that arrived at a node, before its rule is blamed for what it makes of them. */
  arrived(node: Node, grads: readonly (Tensor | null)[]): void;
  /** Refuses gradients that a node's rule made. */
  rule(node: Node, grads: readonly (Tensor | null)[]): void;
  /** Where the running op was called in the user's code. */
  site(): string;
}

/** Null unless anomaly mode is on: the one check that it costs then. */
export let watch: Watch | null = null;

export function setWatch(next: Watch | null): void {
  watch = next;
}
