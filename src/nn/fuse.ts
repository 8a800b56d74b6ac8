import { noGrad } from "../autograd/mode.ts";
import { ValueError } from "../errors.ts";
import { add, div, mul, sub } from "../ops/arithmetic.ts";
import { reshape } from "../ops/movement.ts";
import { amax } from "../ops/reduce.ts";
import { abs, sqrt } from "../ops/unary.ts";
import { collectTensors } from "../tensor/lifetime.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { Conv1d, Conv2d } from "./conv.ts";
import { Identity, Linear } from "./linear.ts";
import { type Module } from "./module.ts";
import { BatchNorm1d, BatchNorm2d } from "./norm.ts";
import { Parameter } from "./parameter.ts";

type Foldable = Conv1d | Conv2d | Linear;
type Norm = BatchNorm1d | BatchNorm2d;

const isFoldable = (m: Module): m is Foldable =>
  m instanceof Conv1d || m instanceof Conv2d || m instanceof Linear;
const isNorm = (m: Module): m is Norm => m instanceof BatchNorm1d || m instanceof BatchNorm2d;

/**
 * Folds each batch norm that follows a convolution or a linear layer into its weights, for inference: y = γ (Wx + b − mean) / √(var + eps) + β
 * is the layer W' = γ W / √(var + eps), b' = γ (b − mean) / √(var + eps) + β. Which follows which is seen in a forward pass of `inputs`. The
 * model is changed: the batch norms become Identity. Results differ from before in the last bits.
 * @param model in evaluation mode; its batch norms have running statistics.
 * @param inputs arguments for `model.forward`, such as a batch of one sample.
 * @returns the model.
 * @throws {ValueError} the model is in training mode, or what a batch norm takes is read by something else as well, which shows in results
 * that differ; the model is as it was then.
 * @see https://pytorch.org/docs/stable/generated/torch.nn.utils.fuse_conv_bn_eval.html
 * @example
 * const fast = nn.fuse(model.eval(), zeros([1, 3, 32, 32]));
 */
export function fuse<M extends Module>(model: M, ...inputs: Parameters<M["forward"]>): M {
  const pairs = findPairs(model, inputs);
  noGrad(() => {
    const before = run(model, inputs);
    const folds = pairs.map(([layer, norm]) => new Fold(model, layer, norm));
    let same = false;
    try {
      same = agree(before, run(model, inputs));
    } finally {
      for (const fold of folds) if (!same) fold.undo();
    }
    if (!same) {
      throw new ValueError(
        "fuse: the model gives other results with its batch norms folded, so what a batch norm takes is used by something else, too; leave that model as it is",
      );
    }
    for (const fold of folds) fold.commit();
  });
  return model;
}

/** The tensors that a forward pass gives. */
function run(model: Module, inputs: readonly unknown[]): Tensor[] {
  const result = (model as unknown as { forward(...inputs: unknown[]): unknown }).forward(...inputs);
  return [...collectTensors(result, new Set<Tensor>())];
}

/** Folding moves roundings; anything else moves more. */
const TOLERANCE = 1e-3;

function agree(before: readonly Tensor[], after: readonly Tensor[]): boolean {
  return before.every((t, i) => {
    const other = after[i] as Tensor;
    if (t.dtype !== "f32") return true;
    const scale = add(amax(abs(t)), 1e-6);
    return div(amax(abs(sub(t, other))), scale).item() < TOLERANCE;
  });
}

/** Layers with the batch norm that takes their result, where both run once. */
function findPairs(model: Module, inputs: readonly unknown[]): [Foldable, Norm][] {
  const makers = new Map<unknown, Foldable>();
  const runs = new Map<Module, number>();
  const pairs: [Foldable, Norm][] = [];
  const handles = model.modules().flatMap((m) => {
    const counting = m.registerForwardPreHook((module, [x]) => {
      runs.set(module, (runs.get(module) ?? 0) + 1);
      if (!isNorm(module)) return;
      if (module.training || module.running_mean === null) {
        throw new ValueError(
          `fuse: ${String(module)} ${module.training ? "is in training mode (call model.eval() first)" : "has no running statistics"}; folding is for inference by them`,
        );
      }
      const maker = makers.get(x);
      if (maker !== undefined) pairs.push([maker, module]);
    });
    const noting = m.registerForwardHook((module, _, output) => {
      if (isFoldable(module)) makers.set(output, module);
    });
    return [counting, noting];
  });
  try {
    noGrad(() => run(model, inputs));
  } finally {
    for (const handle of handles) handle.remove();
  }
  return pairs.filter(([layer, norm]) => runs.get(layer) === 1 && runs.get(norm) === 1);
}

type Writable = { weight: Parameter; bias: Parameter | null };

/** One batch norm in the weights of the layer before it. */
class Fold {
  private readonly layer: Writable;
  private readonly norm: Norm;
  private readonly before: Writable;
  private readonly identity = new Identity();
  private readonly places: readonly ((by: Module) => void)[];

  constructor(model: Module, layer: Foldable, norm: Norm) {
    this.layer = layer;
    this.norm = norm;
    this.before = { weight: layer.weight, bias: layer.bias };
    const { weight, bias } = norm;
    const [mean, variance] = [norm.running_mean as Tensor, norm.running_var as Tensor];
    const scale = div(weight ?? 1, sqrt(add(variance, norm.eps)));
    const shift = mul(sub(layer.bias ?? 0, mean), scale);
    const rest = layer.weight.shape.slice(1).map(() => 1);
    this.layer.weight = new Parameter(mul(layer.weight, reshape(scale, [-1, ...rest])));
    this.layer.bias = new Parameter(bias === null ? shift : add(shift, bias));
    this.places = [...placesOf(model, norm)];
    for (const put of this.places) put(this.identity);
  }

  undo(): void {
    const { weight, bias } = this.layer;
    Object.assign(this.layer, this.before);
    for (const t of [weight, bias]) t?.dispose();
    for (const put of this.places) put(this.norm);
  }

  /** Frees what is not needed any more. */
  commit(): void {
    this.norm.dispose();
    for (const t of [this.before.weight, this.before.bias]) t?.dispose();
  }
}

/** Setters of the fields, list entries and map entries where a module stands. */
function* placesOf(model: Module, wanted: Module): Generator<(by: Module) => void> {
  for (const owner of model.modules()) {
    for (const [name, value] of Object.entries(owner)) {
      if (value === wanted) yield (by) => void Object.assign(owner, { [name]: by });
      if (Array.isArray(value)) {
        const list: unknown[] = value;
        for (const [i, entry] of list.entries()) if (entry === wanted) yield (by) => void (list[i] = by);
      }
      if (value instanceof Map) {
        const map: Map<unknown, unknown> = value;
        for (const [key, entry] of map) if (entry === wanted) yield (by) => void map.set(key, by);
      }
    }
  }
}
