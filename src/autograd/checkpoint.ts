import { AutogradError } from "../errors.ts";
import {
  abandonFrame,
  born,
  closeFrame,
  collectTensors,
  free,
  heldTensors,
  openFrame,
  refusePromise,
  touch,
} from "../tensor/lifetime.ts";
import { continueStream, copyStream } from "../tensor/random.ts";
import { storagesMade, type Storage } from "../tensor/storage.ts";
import { alias, Tensor } from "../tensor/tensor.ts";
import { isGradEnabled, withGrad } from "./mode.ts";
import { adopt, drop, Node, type SavedTensor } from "./node.ts";
import { region, within, type Region } from "./region.ts";

/**
 * Checkpoints after T. Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016), in the form of PyTorch's non-reentrant ones:
 * the graph is recorded as ever, so that parameters, hooks and grad() see nothing unusual, but what its nodes have saved is dropped at the
 * end, unless someone else holds it anyway. When backward first asks for a dropped value, the function runs again, and the nodes of that
 * run, which come in the same order, hand over what they saved.
 */
class Checkpoint implements Region {
  readonly again: boolean;
  private readonly fn: (...inputs: never[]) => unknown;
  /** The inputs, tensors as handles of its own. */
  private inputs: (SavedTensor | { readonly value: unknown })[];
  private readonly outer: Region | null;
  /** The random stream as it was, until nothing may ask for a second run. */
  private stream: Storage | null;
  private readonly firstStorage = storagesMade();
  /** What was read that had been made outside, by version. */
  private readonly reads = new Map<Storage, number>();
  private readonly items: (Node | Checkpoint)[] = [];
  /** Nodes that may still ask for something, and one for the run itself. */
  private open = 1;

  constructor(fn: (...inputs: never[]) => unknown, inputs: readonly unknown[], again: boolean) {
    this.fn = fn;
    this.outer = region;
    this.again = again;
    // The second run hands all that it saves to the first, and is never asked for a third.
    this.stream = again ? null : copyStream();
    this.inputs = inputs.map((value) =>
      value instanceof Tensor ? { tensor: alias(value), version: value.storage.version } : { value },
    );
    if (region instanceof Checkpoint) region.items.push(this);
  }

  add(node: Node): void {
    this.items.push(node);
    this.open++;
  }

  read(storage: Storage): void {
    if (storage.serial <= this.firstStorage && !this.reads.has(storage)) {
      this.reads.set(storage, storage.version);
      this.outer?.read(storage);
    }
  }

  leave(): void {
    if (--this.open > 0) return;
    for (const input of this.inputs) if ("tensor" in input) input.tensor?.storage.release();
    this.inputs = [];
    this.stream?.release();
    this.stream = null;
  }

  /** All that its nodes have saved, and those of checkpoints inside, with the inputs of these. */
  *slots(): Generator<SavedTensor> {
    for (const item of this.items) {
      yield* item.slots();
      if (item instanceof Checkpoint) for (const input of item.inputs) if ("tensor" in input) yield input;
    }
  }

  private *nodes(): Generator<Node> {
    for (const item of this.items) {
      if (item instanceof Node) yield item;
      else yield* item.nodes();
    }
  }

  /** Runs the function in a frame, of which only the result is left; `settle` sees the graph before the frame ends. */
  run(inputs: readonly unknown[], settle: () => void): unknown {
    const mark = openFrame();
    let result: unknown;
    try {
      result = within(this, () => this.fn(...(inputs as never[])));
      refusePromise("checkpoint", result);
      const returned = collectTensors(result, new Set<Tensor>());
      settle();
      for (const t of heldTensors()) returned.add(t);
      closeFrame(mark, returned, "checkpoint(…), which makes it again in backward: return it");
      // Modules and composite ops have handed what they made to their nodes.
      for (const node of this.nodes()) {
        const owned = node.owned.splice(0);
        for (const t of owned) {
          if (t.kept || returned.has(t)) node.owned.push(t);
          else free(t, "checkpoint(…), which makes it again in backward: return it");
        }
      }
    } catch (error) {
      abandonFrame(mark, "the failed checkpoint(…)");
      throw error;
    }
    return result;
  }

  /** Refuses functions that write outside: they would do so twice. */
  checkWrites(): void {
    for (const [storage, version] of this.reads) {
      if (storage.version === version) continue;
      throw new AutogradError(
        "checkpoint: the function writes in place to a tensor from outside, and would do so once more in backward; write to it outside of the checkpoint",
      );
    }
  }

  /** Drops what the nodes alone hold. */
  drop(): void {
    const counts = new Map<Storage, number>();
    for (const { tensor } of this.slots())
      if (tensor !== null) counts.set(tensor.storage, (counts.get(tensor.storage) ?? 0) + 1);
    const alone = new Set<Storage>();
    for (const [storage, count] of counts)
      if (storage.refs === count && storage.serial > this.firstStorage) alone.add(storage);
    for (const slot of this.slots()) if (slot.tensor !== null && alone.has(slot.tensor.storage)) drop(slot);
    this.leave();
  }

  fill(): void {
    if (this.inputs.some((input) => "tensor" in input && input.tensor === null)) this.outer?.fill();
    for (const [storage, version] of this.reads) {
      if (storage.version === version || storage.refs === 0) continue;
      throw new AutogradError(
        "checkpoint: a tensor that its function reads was changed in place since, so that running it again would give other values; call backward() before the change",
      );
    }
    const now = copyStream();
    if (this.stream !== null) continueStream(this.stream);
    try {
      // The second run is no part of a checkpoint that may be running now.
      within(null, () => {
        const again = new Checkpoint(this.fn, [], true);
        const mark = openFrame();
        try {
          const inputs = this.inputs.map((input) => ("tensor" in input ? lend(input) : input.value));
          withGrad(true, () =>
            again.run(inputs, () => {
              this.refill(again);
            }),
          );
        } finally {
          abandonFrame(mark, "checkpoint(…), whose second run is over");
        }
      });
    } finally {
      continueStream(now);
      now.release();
    }
  }

  /** Takes over what the second run has saved. */
  private refill(again: Checkpoint): void {
    const describe = (item: Node | Checkpoint | undefined): string =>
      item === undefined ? "nothing" : item instanceof Node ? item.name : "a checkpoint";
    const count = Math.max(this.items.length, again.items.length);
    for (let i = 0; i < count; i++) {
      const [first, second] = [this.items[i], again.items[i]];
      if (describe(first) !== describe(second)) {
        throw new AutogradError(
          `checkpoint: its function must do the same in every run, but op ${i} was ${describe(first)} and is ${describe(second)} now`,
        );
      }
      if (first instanceof Node) first.refill(second as Node);
      else first?.takeOver(second as Checkpoint);
    }
  }

  private takeOver(again: Checkpoint): void {
    for (const [i, input] of this.inputs.entries()) {
      const other = again.inputs[i];
      if ("tensor" in input && other !== undefined && "tensor" in other) adopt(input, other);
    }
    this.refill(again);
  }
}

/** A handle on a checkpoint's input for the second run, at the same place in the graph. */
function lend({ tensor, version }: SavedTensor): Tensor {
  if (tensor === null)
    throw new AutogradError("checkpoint: an input was not made again by the checkpoint around it");
  if (tensor.storage.version !== version) {
    throw new AutogradError(
      `checkpoint: its input of shape [${tensor.shape.join(", ")}] was changed in place since; use the op that makes a new tensor, or clone() first`,
    );
  }
  const t = alias(tensor);
  born(t);
  return t;
}

/**
 * Runs `fn(...inputs)` without keeping what its backward needs: backward runs `fn` a second time instead. It trades about a third more time
 * for memory: a chain of n blocks, each in a checkpoint, keeps n inputs and the insides of one block. Gradients have the same bits as
 * without, also of parameters that `fn` reaches through its closure; random ops draw the same numbers again; checkpoints nest, and
 * higher orders work. Running statistics (batchNorm) are updated once.
 *
 * `fn` must do the same in both runs, and must not write in place to tensors from outside. What it makes and does not return is freed at
 * its end. After the PyTorch page on torch.utils.checkpoint (use_reentrant=False).
 * @param fn a synchronous function of the inputs; returns a tensor, or several in an array or a plain object.
 * @throws {AutogradError} in backward: the second run did something else, or what `fn` reads was changed in place.
 * @example
 * for (const block of blocks) x = checkpoint((h) => block.forward(h), x);
 */
export function checkpoint<Inputs extends unknown[], T>(fn: (...inputs: Inputs) => T, ...inputs: Inputs): T {
  for (const t of inputs) if (t instanceof Tensor) touch(t, "checkpoint");
  const here = new Checkpoint(fn, isGradEnabled() ? inputs : [], region?.again === true);
  let result: unknown;
  try {
    result = here.run(inputs, () => {
      here.checkWrites();
    });
  } catch (error) {
    here.drop();
    throw error;
  }
  here.drop();
  return result as T;
}
