/**
 * What a command takes, estimated from its words: operations, bytes, and whether threads should share it. Nothing here changes a result,
 * only how soon it is there.
 */
import { i32 } from "../wasm/views.ts";
import { kernelArguments } from "./arguments.gen.ts";
import { kernelOf } from "./command.ts";
import { kernelNames } from "./kernels.gen.ts";

const words = (text: string): readonly string[] => text.split(" ");

/** Arguments by whose product a kernel's work grows. */
const FACTORS = new Set(
  words(
    "n outer red inner count rows planes oh ow kh kw c o s ohw classes batch hidden m k keys taps points steps iterations keys",
  ),
);

/** Where they do not. */
const NO_FACTORS: Readonly<Record<string, string>> = {
  topk_32: "k", // how many are kept of those looked at
  searchsorted_32: "n", // the length of the row that is searched
  runningStats_f32: "count", // of values behind each statistic
};

/** Kernels that multiply and add pairs of elements. */
const PRODUCTS = new Set(
  words("gemm gemmPacked conv2d conv2dInputGrad conv2dWeightGrad depthwise depthwiseWeightGrad"),
);
/** Convolutions 3×3 by a transform: of nine pairs for each element, of the direct algorithm. */
const TRANSFORMED = new Set(words("winograd winogradSums"));

/** Sizes of the arrays of kernels that have such an argument, the first that fits; the weights of a convolution are left out. */
const ARRAYS: Readonly<Record<string, readonly string[]>> = {
  cRow: ["m k batch", "k n batch", "m n batch"],
  height: ["n c height width", "n o oh ow"],
  top: ["n c h w", "n c oh ow"],
  kh: ["planes h w", "planes oh ow"],
  ph: ["n c h w", "n o oh ow"],
};

/**
 * Picoseconds of one thread for each element, by the kernel's name without its dtype: what the machine of docs/benchmarks.md took for
 * arrays in its caches.
 */
const PICOSECONDS: Readonly<Record<string, number>> = Object.fromEntries(
  (
    [
      // One thread does them, whatever they cost.
      [0, "sumSquares lambRatio permutation crossEntropyReduce nonFinite maddPeak"],
      [40, "gemm gemmPacked conv2d conv2dInputGrad conv2dWeightGrad"],
      [
        200,
        "div sqrt sgd average lion adam adamax rmsprop adagrad radam nadam lamb lambRatio batchNormGrad sampleTaps",
      ],
      [
        500,
        "gather scatter where resample resampleGrad avgPool2d avgPool2dGrad maxPool2d maxPool2dGather maxPool2dGrad fold",
      ],
      [
        800,
        "exp log log2 log10 expm1 log1p sigmoid tanh tanhshrink erf silu elu celu selu softplus softmax logSoftmax logsumexp",
      ],
      [
        800,
        "attentionSoftmax crossEntropy crossEntropyGrad uniform dropout fmod remainder floorDivide imageOps gridTaps",
      ],
      [
        1500,
        "gelu geluTanh geluGrad geluTanhGrad siluGrad mish mishGrad logsigmoid bce bceWithLogits bceWithLogitsGrad sin cos tan",
      ],
      [1500, "asin acos atan sinh cosh asinh acosh atanh hypot normal cumsum cumprod recurrence"],
      [3000, "attention"],
      [8000, "attentionGrad"],
      [5000, "pow powScalar atan2 rnnStep rnnGrad gruStep gruGrad lstmStep lstmGrad sort topk searchsorted"],
    ] as const
  ).flatMap(([picoseconds, names]) => words(names).map((name) => [name, picoseconds])),
);
/** Any other: what memory takes. */
const PLAIN = 80;

/** Nanoseconds of one thread from which on two are quicker: a hand-off and a meeting take about 1,000, then data change caches. */
const WORTH = 4000;

/** Reductions are shared by so many results at a time. */
const RESULTS = 16;

/** Where the words of a command have what its work depends on, counted from its head. */
interface Rule {
  readonly factors: readonly number[];
  /** The word that says where a shape is, all of whose sizes are factors; 0 without one. */
  readonly dims: number;
  /** Of a convolution: by how many its channels are divided; 0 without one. */
  readonly groups: number;
  readonly operations: number;
  readonly picoseconds: number;
  /** What multiplies to the number of results of a reduction; null for all else. */
  readonly results: readonly number[] | null;
  /** Sizes of its arrays, where these are not all as long as it has elements. */
  readonly arrays: readonly (readonly number[])[] | null;
  /** Bytes of one element; without `arrays`, of one of each array that is as long. */
  readonly bytes: number;
}

let lines: readonly string[] | null = null;
const rules: Rule[] = [];

function ruleOf(id: number): Rule {
  const known = rules[id];
  if (known) return known;
  lines ??= kernelArguments.split("\n");
  const name = kernelNames[id] ?? "";
  const [base = "", ...dtypes] = name.split("_");
  const slots = words(lines[id] ?? "");
  const at = (argument: string): number => slots.indexOf(argument) + 1;
  const omitted = NO_FACTORS[name];
  const factors = slots.flatMap((slot, i) => (FACTORS.has(slot) && slot !== omitted ? [i + 1] : []));
  const pointers = slots.filter((slot) => slot.startsWith("*") && slot !== "*workspace" && slot !== "*state");
  const sizes = (names: string): number[] =>
    words(names)
      .map(at)
      .filter((slot) => slot > 0);
  const width = dtypes.some((dtype) => dtype === "f32" || dtype === "i32" || dtype === "32")
    ? 4
    : dtypes[0] === "16"
      ? 2
      : 1;
  const results = at("red") > 0 ? sizes("outer inner") : null;
  const [, arrays] = Object.entries(ARRAYS).find(([argument]) => at(argument) > 0) ?? [];
  const rule: Rule = {
    factors,
    dims: factors.length > 0 ? 0 : at("[]dims"),
    groups: PRODUCTS.has(base) ? at("groups") : 0,
    operations: TRANSFORMED.has(base) ? 18 : PRODUCTS.has(base) ? 2 : 1,
    picoseconds: PICOSECONDS[base] ?? PLAIN,
    results,
    arrays: arrays?.map(sizes) ?? null,
    bytes: width * (arrays || results ? 1 : pointers.length),
  };
  rules[id] = rule;
  return rule;
}

function product(at: number, slots: readonly number[]): number {
  let value = 1;
  for (const slot of slots) value *= i32[at + slot] as number;
  return value;
}

function elementsOf(at: number, { factors, dims, groups }: Rule): number {
  let count = product(at, factors);
  if (dims > 0) {
    const shape = at + (i32[at + dims] as number);
    const rank = i32[shape] as number;
    for (let d = 1; d <= rank; d++) count *= i32[shape + d] as number;
  }
  return groups > 0 ? count / (i32[at + groups] as number) : count;
}

const ruleAt = (address: number): Rule => ruleOf(kernelOf(i32[address >>> 2] as number));

/** Operations of the command at a byte address: two for each pair that products multiply and add, otherwise one for each element. */
export function flopsOf(address: number): number {
  const rule = ruleAt(address);
  return elementsOf(address >>> 2, rule) * rule.operations;
}

/** Bytes that it reads and writes, each counted once. */
export function bytesOf(address: number): number {
  const rule = ruleAt(address);
  const at = address >>> 2;
  const elements = rule.arrays?.reduce((sum, slots) => sum + product(at, slots), 0) ?? elementsOf(at, rule);
  return elements * rule.bytes;
}

/** Whether threads that share it are through sooner than one alone. */
export function worthSharing(address: number): boolean {
  const rule = ruleAt(address);
  const at = address >>> 2;
  if (rule.results !== null && product(at, rule.results) <= RESULTS) return false;
  return elementsOf(at, rule) * rule.picoseconds > WORTH * 1000;
}
