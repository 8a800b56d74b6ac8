import { noGrad } from "../autograd/mode.ts";
import { ValueError } from "../errors.ts";
import type { Layer } from "../nn/sequential.ts";
import { Module } from "../nn/module.ts";
import { copy_ } from "../ops/inplace.ts";
import { to } from "../ops/cast.ts";
import type { HalfDType } from "../tensor/dtype.ts";
import { getRandomState, setRandomState } from "../tensor/random.ts";
import { formatShape, sameShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { asBytes, type Bytes } from "./bytes.ts";
import type { ArrayRead } from "./codec.ts";
import { describeModule, makeModule, type ModuleClasses } from "./modules.ts";
import { checkSteps, type PreprocessingStep } from "./preprocessing.ts";
import { tensorOf } from "./safetensors.ts";
import { seal, unseal, type Kind, type Unsealed } from "./sealed.ts";
import { fromJson, isList, toJson, type Json } from "./values.ts";

const KIND: Kind = { key: "simdgrad.model", version: 1, what: "model file" };

export interface SaveModelOptions {
  /** Names of the classes, by the position of their logit. */
  readonly classes?: readonly string[];
  /** What becomes of raw input before the model gets it, step by step: see {@link preprocess}. */
  readonly preprocessing?: readonly PreprocessingStep[];
  /** Free text beside. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What the parameters are written as; buffers stay as they are. Default "f32", which is exact. */
  readonly dtype?: "f32" | HalfDType;
  /** Names of classes of your own. Needed where a bundler renames classes; else the class's name is taken. */
  readonly modules?: ModuleClasses;
}

export interface LoadModelOptions {
  /** Classes of your own by the names in the file. */
  readonly modules?: ModuleClasses;
  /** What error messages call the file. */
  readonly name?: string;
}

export interface LoadedModel<M extends Module> {
  /** In evaluation mode. */
  readonly model: M;
  /** As they were saved; none where none were. */
  readonly classes: readonly string[];
  readonly preprocessing: readonly PreprocessingStep[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The bytes of a model file: a safetensors file whose metadata describe the layers, by the `config()` of each module, the preprocessing
 * and the classes, so that {@link load} needs nothing but the file. The file's format is in docs/checkpoints.md.
 * @throws {ValueError} a module does not say what it was made of, or says what JSON cannot; a class or metadata that is no string.
 * @example
 * const model = new nn.Sequential(new nn.Linear(4, 8), new nn.ReLU(), new nn.Linear(8, 2));
 * const bytes = io.save(model, { classes: ["no", "yes"] });
 */
export function save(model: Module, options: SaveModelOptions = {}): Uint8Array<ArrayBuffer> {
  const { classes = [], preprocessing = [], metadata, dtype = "f32", modules = {} } = options;
  if (!(model instanceof Module))
    throw new ValueError("save: takes a module (saveSafetensors writes tensors)");
  if (!["f32", "f16", "bf16"].includes(dtype))
    throw new ValueError(`save: dtype must be "f32", "f16" or "bf16", got "${dtype}"`);
  if (!isNames(classes)) throw new ValueError("save: classes must be strings");
  checkSteps("save: preprocessing", preprocessing);
  const document = {
    model: describeModule("save", model, modules),
    classes,
    preprocessing: toJson(preprocessing, "save: preprocessing"),
  };
  return noGrad(() => {
    const parameters = [...model.namedParameters()].map(([key, p]) => [key, to(p, dtype)] as const);
    return seal("save", KIND, document, [...parameters, ...model.namedBuffers()], metadata);
  });
}

/**
 * Reads a model file that {@link save} wrote and makes its model. Only modules of the library, and classes given by name, are made; their
 * constructors check what the file says. The random stream is as it was before. Nothing stays allocated after an error.
 * @typeParam M what the model is taken for; any module of one input and one output unless said otherwise. Not checked.
 * @throws {FormatError} the file is damaged, of an unknown version, has a layer that nobody knows or tensors that do not fit its layers;
 * names the file, the key and the byte.
 * @example
 * const { model, classes } = io.load(io.save(new nn.Linear(4, 2), { classes: ["no", "yes"] }));
 * const answer = classes[noGrad(() => model.forward(zeros([1, 4])).argmax().item())];
 */
export function load<M extends Module = Layer>(bytes: Bytes, options: LoadModelOptions = {}): LoadedModel<M> {
  const { modules = {}, name = "the bytes" } = options;
  const { document, arrays, metadata, fail } = unseal("load", KIND, asBytes("load", bytes), name);
  const failDocument = (rule: string, wayOut?: string, cause?: unknown): never =>
    fail(rule, undefined, wayOut, cause);
  const { version: _, model: description, classes, preprocessing, ...others } = document;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) failDocument(`unknown field ${unknown}`);
  if (!isNames(classes)) return failDocument("classes are no strings");
  const steps = fromJson(preprocessing as Json, failDocument);
  try {
    checkSteps("preprocessing", steps);
  } catch (error) {
    failDocument((error as Error).message, undefined, error);
  }

  const random = getRandomState();
  let model: Module;
  try {
    model = makeModule(description, modules, failDocument);
  } finally {
    setRandomState(random);
  }
  try {
    fill(model, arrays, fail);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return {
    model: model.eval() as M,
    classes,
    preprocessing: steps as readonly PreprocessingStep[],
    metadata,
  };
}

const isNames = (json: unknown): json is readonly string[] =>
  isList(json as Json) && (json as readonly unknown[]).every((entry) => typeof entry === "string");

/** Copies the arrays into the model's tensors, all of which they must fit. */
function fill(model: Module, arrays: ReadonlyMap<string, ArrayRead>, fail: Unsealed["fail"]): void {
  const wayOut = "the file's layers and tensors do not belong together";
  const own = new Map(Object.entries(model.stateDict()));
  for (const [key, t] of own) {
    const array = arrays.get(key);
    if (array === undefined) return fail("the tensor is missing", key, wayOut);
    if (!sameShape(t.shape, array.shape) || !fits(t, array)) {
      const [is, wanted] = [array, t].map(({ dtype, shape }) => `${dtype} ${formatShape(shape)}`);
      fail(`the layers take ${wanted}, the tensor is ${is}`, key, wayOut);
    }
  }
  for (const key of arrays.keys()) if (!own.has(key)) fail("no layer has such a tensor", key, wayOut);
  noGrad(() => {
    for (const [key, t] of own) {
      const from = tensorOf(arrays.get(key) as ArrayRead);
      copy_(t, from);
      from.dispose();
    }
  });
}

/** Halves become f32 again; nothing else is converted. */
const fits = (t: Tensor, array: ArrayRead): boolean =>
  t.dtype === array.dtype || (t.dtype === "f32" && (array.dtype === "f16" || array.dtype === "bf16"));
