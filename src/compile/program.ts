import { isGradEnabled, noGrad } from "../autograd/mode.ts";
import { dropGradient } from "../autograd/leaf.ts";
import { hookChanges } from "../nn/hooks.ts";
import { add_ } from "../ops/inplace.ts";
import { failedCommand, parallelism, replay } from "../program/emit.ts";
import { assemble, programWords } from "../program/assemble.ts";
import { commandsOf, fuse, isGroup, type Step } from "../program/fuse.ts";
import { lifetimes, mostAtOnce, plan } from "../program/plan.ts";
import type { Region } from "../program/recording.ts";
import { moment, free } from "../tensor/handle.ts";
import { bytesOf, type DType } from "../tensor/dtype.ts";
import { heldTensors } from "../tensor/holders.ts";
import { born } from "../tensor/lifetime.ts";
import { contiguousStrides, type Shape } from "../tensor/shape.ts";
import { Storage } from "../tensor/storage.ts";
import { Tensor } from "../tensor/tensor.ts";
import { endReplay } from "../tensor/windows.ts";
import { heap } from "../wasm/engine.ts";
import type { Heap, Ptr } from "../wasm/heap.ts";
import type { Capture, EntryGradient } from "./capture.ts";
import type { Fields } from "./fields.ts";
import { copyBytes, feed, mapTree, patternOf, type Leaf, type Pattern } from "./inputs.ts";

/** What a program costs. */
export interface ProgramStats {
  /** Commands of one call, as they were recorded. */
  readonly commands: number;
  /** How many of them became a part of others, or run tile by tile with others. */
  readonly fused: number;
  /** Bytes of the arena, where all intermediates lie. */
  readonly arenaBytes: number;
  /** What no arena can be smaller than: the most that is in use at one time. */
  readonly boundBytes: number;
  /** The sum of all intermediates, which the arena would take without using memory again. */
  readonly intermediateBytes: number;
}

/** A tensor from outside that a program uses, as it was. */
interface Outside {
  readonly tensor: Tensor;
  readonly requiresGrad: boolean;
  readonly hooks: Tensor["hooks"];
  /** Of the hooks, to whose list others may have been added. */
  readonly hookCount: number;
}

/** A leaf whose gradient a program reads or makes. */
interface LeafGradient {
  readonly leaf: Tensor;
  readonly entry: EntryGradient;
  /** Where the program leaves it: an address in the arena, nothing, or (undefined) where it was. */
  readonly made: Ptr | null | undefined;
  /** The handle that was last given out for it. */
  handle: Tensor | null;
}

/** A result, where the commands leave it. */
class Output {
  readonly ptr: Ptr;
  readonly bytes: number;
  private readonly shape: Shape;
  private readonly dtype: DType;

  constructor(ptr: Ptr, like: Tensor) {
    this.ptr = ptr;
    this.shape = like.shape;
    this.dtype = like.dtype;
    this.bytes = like.size * bytesOf(like.dtype);
  }

  /** A copy, which the next call does not touch. */
  copy(): Tensor {
    const storage = new Storage(this.bytes, this.dtype);
    copyBytes(storage.ptr, this.ptr, this.bytes);
    return new Tensor(storage, 0, this.shape, contiguousStrides(this.shape), this.dtype);
  }

  handOut(): Tensor {
    const t = this.copy();
    born(t);
    return t;
  }
}

interface Place {
  readonly region: Region;
  readonly offset: number;
}

/** A recorded function: its commands with an arena of their own, what they depend on, and what they make. */
export class Program {
  readonly stats: ProgramStats;
  private readonly heap: Heap;
  private readonly patterns: readonly Pattern[];
  private readonly gradEnabled = isGradEnabled();
  private readonly hookChanges = hookChanges();
  private readonly fields: Fields;
  private readonly outside: readonly Outside[];
  private readonly gradients: readonly LeafGradient[];
  /** By how much a call moves the versions of storages from outside on. */
  private readonly writes: (readonly [Storage, number])[];
  private readonly passes: number;
  /** What a call hands out. */
  private readonly bytesOut: number;
  /** Where each leaf of the arguments goes; 0 where nothing reads it. */
  private readonly inputs: readonly Ptr[];
  /** For each leaf the first one that was the same tensor. */
  private readonly twins: readonly number[];
  /** Gradients of arguments, by their number. */
  private readonly inputGradients: readonly (readonly [number, Output])[];
  /** What the function returned, with an Output in the place of each tensor that the commands make. */
  private readonly result: unknown;
  private readonly arena: Storage;
  private readonly commands: Storage;
  /** Of each command the place in the recording. */
  private readonly places: readonly number[];
  private readonly threads = parallelism();
  /** Whether threads share any of the commands. */
  private readonly shared: boolean;
  private readonly unpin: () => void;

  constructor(capture: Capture, args: readonly unknown[], result: unknown) {
    const { recording } = capture;
    this.heap = heap();
    this.patterns = args.map(patternOf);
    this.fields = capture.fields;
    this.passes = capture.passes;
    const end = recording.starts.length;
    // Arguments are there from the start, results and gradients till the end.
    const slots = capture.slots.map(({ inside }) => capture.placeOf(inside));
    const given = new Set(slots.flatMap((slot) => (slot === null ? [] : [slot.region])));
    const kept = new Set<Region>();
    const places = new Map<Tensor, Place>();
    const survives = (t: Tensor | null): void => {
      const place = t === null ? null : capture.placeOf(t);
      if (t === null || place === null) return;
      kept.add(place.region);
      places.set(t, place);
    };
    mapTree(result, (t) => {
      if (t instanceof Tensor) survives(t);
    });
    for (const leaf of capture.gradients.keys()) survives(leaf.grad);
    for (const grad of capture.inputGradients) survives(grad);

    const commands = commandsOf(recording);
    const recorded = lifetimes(commands, { given, kept });
    const steps = fuse(commands);
    const layout = plan(lifetimes(steps, { given, kept }));
    this.arena = new Storage(layout.bytes, "u8");
    this.commands = new Storage(programWords(steps) * 4, "u8");
    this.unpin = this.heap.pin(recording.externals);
    capture.releaseConstants();
    const addressOf = (region: Region): number => this.arena.ptr + (layout.offsets.get(region) as number);
    this.shared = assemble(this.commands.ptr, steps, addressOf, this.threads);
    this.places = steps.map((step) => (isGroup(step) ? step.commands[0] : step)?.index ?? 0);
    this.stats = {
      commands: end,
      fused: fusedIn(steps, end),
      arenaBytes: layout.bytes,
      boundBytes: mostAtOnce(recorded),
      intermediateBytes: recorded.reduce((sum, { size }) => sum + size, 0),
    };

    const at = ({ region, offset }: Place): Ptr => (addressOf(region) + offset) as Ptr;
    const outputs = new Map(Array.from(places, ([t, place]) => [t, new Output(at(place), t)]));
    this.twins = capture.slots.map((slot) => capture.slots.indexOf(slot));
    this.inputs = slots.map((slot, i) =>
      slot === null || !layout.offsets.has(slot.region) || this.twins[i] !== i ? (0 as Ptr) : at(slot),
    );
    this.bytesOut = Array.from(outputs.values()).reduce((sum, { bytes }) => sum + bytes, 0);
    this.result = mapTree(result, (t) => (t instanceof Tensor && outputs.get(t)) || t);
    const insides = new Set(capture.slots.map(({ inside }) => inside));
    this.gradients = Array.from(capture.gradients)
      .filter(([leaf]) => !insides.has(leaf))
      .map(([leaf, entry]) => {
        const made = leaf.grad === null ? null : outputs.get(leaf.grad)?.ptr;
        return { leaf, entry, made, handle: null };
      });
    this.inputGradients = capture.inputGradients.flatMap((grad, i) => {
      const output = grad === null ? undefined : outputs.get(grad);
      return output === undefined ? [] : [[i, output] as const];
    });
    const entries = new Set(Array.from(capture.gradients, ([leaf]) => leaf.grad));
    this.outside = Array.from(capture.outside)
      .filter((t) => !entries.has(t))
      .map((tensor) => ({
        tensor,
        requiresGrad: tensor.requiresGrad,
        hooks: tensor.hooks,
        hookCount: tensor.hooks?.length ?? 0,
      }));
    this.writes = Array.from(capture.versions).flatMap(([storage, version]) =>
      storage.version > version ? [[storage, storage.version - version] as const] : [],
    );
  }

  /** Whether these arguments and everything around are as they were when the program was made; else what has changed. */
  refusal(args: readonly unknown[], leaves: Leaf[]): string | null {
    leaves.length = 0;
    if (this.heap !== heap()) return "the memory was given up by destroy()";
    if (this.threads !== parallelism()) return "the number of threads";
    if (this.gradEnabled !== isGradEnabled()) return "gradients are recorded, or are not";
    const { patterns, outside, gradients } = this;
    if (args.length !== patterns.length) return "the number of arguments";
    for (let i = 0; i < patterns.length; i++)
      if (!(patterns[i] as Pattern)(args[i], leaves)) return `the shape or type of argument ${i}`;
    for (let i = 1; i < leaves.length; i++)
      if (typeof leaves[i] !== "number" && leaves.indexOf(leaves[i] as Leaf) !== this.twins[i])
        return "which arguments are the same tensor";
    if (this.hookChanges !== hookChanges()) return "the hooks of a module";
    const changed = this.fields.changed();
    if (changed !== null) return changed;
    const now = moment();
    for (let i = 0; i < outside.length; i++) {
      const { tensor, requiresGrad, hooks, hookCount } = outside[i] as Outside;
      if (tensor.freedBy !== null) return "a tensor from outside was freed";
      if (tensor.requiresGrad !== requiresGrad) return "whether a tensor from outside requires a gradient";
      if (tensor.hooks !== hooks || (hooks?.length ?? 0) !== hookCount)
        return "the hooks of a tensor from outside";
      tensor.lastUsed = now;
    }
    for (let i = 0; i < gradients.length; i++) {
      const { leaf, entry } = gradients[i] as LeafGradient;
      if (entry === "dropped") continue;
      const { grad } = leaf;
      if (entry === null ? grad !== null : grad?.ptr !== entry) return "the gradients that were there before";
    }
    return null;
  }

  /** Runs the commands on these leaves; a non-zero code is that of the failed command. */
  run(leaves: readonly Leaf[]): number {
    const { inputs } = this;
    for (let i = 0; i < inputs.length; i++) {
      const ptr = inputs[i] as Ptr;
      if (ptr !== 0) feed(ptr, leaves[i] as Leaf);
    }
    const code = replay(this.commands.ptr, this.places.length, this.shared);
    for (const [storage, by] of this.writes) storage.version += by;
    return code;
  }

  /** Which command of the recording failed. */
  get failed(): number {
    return this.places[failedCommand()] ?? 0;
  }

  /** Hands out what the commands have made. */
  finish(leaves: readonly Leaf[]): unknown {
    for (let i = 0; i < this.gradients.length; i++) this.giveGradient(this.gradients[i] as LeafGradient);
    for (const [i, output] of this.inputGradients) addGradient(leaves[i] as Tensor, output.copy());
    const { result } = this;
    const given =
      result instanceof Output
        ? result.handOut()
        : mapTree(result, (part) => (part instanceof Output ? part.handOut() : part));
    if (this.passes > 0) endReplay(this.passes, this.bytesOut, heldTensors);
    return given;
  }

  private giveGradient(gradient: LeafGradient): void {
    const { leaf, made } = gradient;
    if (made === undefined) return;
    const { grad } = leaf;
    if (made === null) {
      if (grad !== null) dropGradient(leaf);
      return;
    }
    if (grad !== null && grad === gradient.handle) {
      grad.storage.version++;
      return;
    }
    if (grad !== null) dropGradient(leaf);
    const part = { of: this.arena, ptr: made };
    const t = new Tensor(
      new Storage(leaf.size * 4, "f32", part),
      0,
      leaf.shape,
      contiguousStrides(leaf.shape),
      "f32",
    );
    gradient.handle = leaf.grad = t;
  }

  /** Gives up the arena; gradients that are still in use keep it. */
  dispose(): void {
    this.unpin();
    this.commands.release();
    this.arena.release();
  }
}

/** Commands that others have taken in, and those that run in groups. */
const fusedIn = (steps: readonly Step[], recorded: number): number => {
  const alone = steps.filter((step) => !isGroup(step)).length;
  return recorded - alone;
};

/** Adds what a call brought to an argument's gradient. */
export function addGradient(leaf: Tensor, g: Tensor): void {
  if (leaf.grad === null) leaf.grad = g;
  else {
    const sum = leaf.grad;
    noGrad(() => add_(sum, g));
    free(g, "the compiled function");
  }
}
