import { readFileSync } from "node:fs";
import { nn, scope, type Tensor } from "../../src/index.ts";
import { compare, type GoldenTensor } from "../golden/cases.ts";
import { toTensor } from "../golden/load.ts";

/** Layers as PyTorch 1.13 computed them in double precision, with gradients: inputs, masks, state, output and cotangent. */
export interface LayerCase {
  readonly kind: "encoderLayer" | "decoderLayer" | "encoder" | "decoder" | "transformer";
  readonly opts: nn.TransformerLayerOptions;
  readonly inputs: readonly GoldenTensor[];
  readonly masks: Readonly<Record<string, GoldenTensor>>;
  readonly state: Readonly<Record<string, GoldenTensor>>;
  readonly out: GoldenTensor;
  readonly cot: GoldenTensor;
  readonly grads: readonly GoldenTensor[];
  readonly pgrads: Readonly<Record<string, GoldenTensor>>;
}

export const readCases = (path: string): LayerCase[] => JSON.parse(readFileSync(path, "utf8")) as LayerCase[];

const MAKE: Readonly<Record<LayerCase["kind"], (d: number, opts: nn.TransformerLayerOptions) => nn.Module>> =
  {
    encoderLayer: (d, opts) => new nn.TransformerEncoderLayer(d, 2, opts),
    decoderLayer: (d, opts) => new nn.TransformerDecoderLayer(d, 2, opts),
    encoder: (d, opts) =>
      new nn.TransformerEncoder(new nn.TransformerEncoderLayer(d, 2, opts), 2, { norm: new nn.LayerNorm(d) }),
    decoder: (d, opts) => new nn.TransformerDecoder(new nn.TransformerDecoderLayer(d, 2, opts), 2),
    transformer: (d, opts) => new nn.Transformer(d, 2, { ...opts, numEncoderLayers: 2, numDecoderLayers: 2 }),
  };

const camel = (name: string): string => name.replace(/_(\w)/g, (_, c: string) => c.toUpperCase());

/** Bool masks come as such; toTensor knows numbers only. */
const maskOf = (t: GoldenTensor): Tensor =>
  t.dtype === "bool" ? toTensor({ ...t, dtype: "i32" }).to("bool") : toTensor(t);

const entries = <A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));

/** Throws where output or a gradient differs from PyTorch's. */
export function check(c: LayerCase): void {
  scope(() => {
    const d = c.out.shape.at(-1) as number;
    const layer = MAKE[c.kind](d, c.opts) as nn.Module & { forward(...x: unknown[]): Tensor };
    layer.loadStateDict(entries(c.state, toTensor));
    const inputs = c.inputs.map((t) => {
      const x = toTensor(t);
      x.requiresGrad = true;
      return x;
    });
    const masks = Object.fromEntries(Object.entries(c.masks).map(([name, t]) => [camel(name), maskOf(t)]));
    const out = layer.forward(...inputs, masks);
    compare("output", out, c.out);
    out.mul(toTensor(c.cot)).sum().backward();
    for (const [i, x] of inputs.entries())
      compare(`input ${i}`, x.grad as Tensor, c.grads[i] as GoldenTensor);
    for (const [name, p] of layer.namedParameters())
      compare(name, p.grad as Tensor, c.pgrads[name] as GoldenTensor);
    layer.dispose();
  });
}
