import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  FormatError,
  getRandomState,
  io,
  manualSeed,
  memory,
  nn,
  noGrad,
  randn,
  relu,
  tensor,
  ValueError,
  zeros,
  type Tensor,
} from "../../src/index.ts";

/** Two layers and a residual; the inner layer may be given. */
class Block extends nn.Module {
  readonly inner: nn.Layer;
  readonly width: number;

  constructor(width: number, options: { inner?: nn.Layer; scale?: number } = {}) {
    super();
    this.width = width;
    this.inner = options.inner ?? new nn.Linear(width, width);
  }

  override config(): readonly unknown[] {
    return [this.width, { inner: this.inner, scale: Infinity, odd: [-0, NaN], none: undefined }];
  }

  override forward(x: Tensor): Tensor {
    return relu(this.inner.forward(x)).add(x);
  }
}

const made: { dispose(): void }[] = [];
const track = <T extends { dispose(): void }>(t: T): T => {
  made.push(t);
  return t;
};
let before = 0;
beforeEach(() => {
  manualSeed(3);
  before = memory().live;
});
afterEach(() => {
  for (const t of made.splice(0)) t.dispose();
  expect(memory().live).toBe(before);
});

const network = (): nn.Sequential =>
  track(
    new nn.Sequential(
      new nn.Conv2d(1, 2, 3, { padding: 1 }),
      new nn.BatchNorm2d(2),
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.Flatten(),
      new nn.Dropout(0.25),
      new nn.Linear(8, 3, { bias: false }),
    ),
  );

const answers = (model: nn.Layer, x: Tensor): number[] => noGrad(() => [...model.forward(x).data]);

describe("a model file", () => {
  it("brings a network back, bit for bit, with classes, preprocessing and metadata", () => {
    const model = network();
    const x = track(randn([5, 1, 4, 4]));
    noGrad(() => void model.forward(x));
    model.eval();
    const preprocessing = [{ step: "toFloat" }, { step: "normalize", mean: [0.5], std: [0.25] }];
    const bytes = io.save(model, { classes: ["a", "b", "ü"], preprocessing, metadata: { by: "us" } });
    const random = getRandomState();
    const loaded = io.load(bytes);
    track(loaded.model);
    expect(getRandomState()).toEqual(random);
    expect(answers(loaded.model, x)).toEqual(answers(model, x));
    expect(loaded.model.training).toBe(false);
    expect(String(loaded.model)).toBe(String(model));
    expect([loaded.classes, loaded.preprocessing, { ...loaded.metadata }]).toEqual([
      ["a", "b", "ü"],
      preprocessing,
      { by: "us" },
    ]);
    expect(io.save(loaded.model, loaded)).toEqual(bytes);
  });

  it("is a safetensors file that others read", () => {
    const { tensors, metadata } = io.loadSafetensors(io.save(track(new nn.Linear(2, 1))));
    Object.values(tensors).forEach(track);
    expect(Object.keys(tensors)).toEqual(["weight", "bias"]);
    expect(JSON.parse(metadata["simdgrad.model"] ?? "")).toEqual({
      version: 1,
      model: { $module: "Linear", args: [2, 1] },
      classes: [],
      preprocessing: [],
    });
  });

  it("takes classes of one's own by name, and modules, odd numbers and gaps as their arguments", () => {
    const model = track(new nn.Sequential(new Block(2), new Block(2, { inner: new nn.ReLU() })));
    const x = track(randn([1, 2]));
    const bytes = io.save(model);
    let seen: unknown;
    class Renamed extends Block {
      constructor(width: number, options: { inner?: nn.Layer; scale?: number }) {
        super(width, options);
        seen = options;
      }
    }
    const { model: loaded } = io.load(bytes, { modules: { Block: Renamed } });
    track(loaded);
    expect(answers(loaded, x)).toEqual(answers(model, x));
    expect(seen).toEqual({ inner: expect.any(nn.ReLU) as unknown, scale: Infinity, odd: [-0, NaN] });
    // Under another name, as where a bundler renames classes.
    expect(() => io.load(io.save(model, { modules: { Residual: Block } }), { modules: { Block } })).toThrow(
      /^load: unknown layer Residual, the bytes, key "simdgrad.model", byte \d+ \(pass its class as/,
    );
  });

  it("keeps a module that occurs twice one module", () => {
    const shared = new nn.Linear(2, 2);
    const model = track(new nn.Sequential(shared, new nn.Tanh(), shared));
    const loaded = track(io.load<nn.Sequential>(io.save(model)).model);
    expect(loaded.at(0)).toBe(loaded.at(2));
    expect(loaded.parameters()).toHaveLength(2);
  });

  it.each(["f16", "bf16"] as const)("holds weights as %s", (dtype) => {
    const model = track(new nn.Sequential(new nn.Linear(64, 64), new nn.BatchNorm1d(64)));
    const bytes = io.save(model, { dtype });
    expect(bytes.length).toBeLessThan(io.save(model).length * 0.6);
    const { model: loaded } = io.load(bytes);
    track(loaded);
    for (const [key, t] of Object.entries(loaded.stateDict())) {
      const was = model.stateDict()[key] as Tensor;
      expect(t.dtype).toBe(was.dtype);
      for (const [i, value] of t.data.entries()) expect(value).toBeCloseTo(was.data[i] as number, 2);
    }
    expect(io.save(loaded, { dtype })).toEqual(bytes);
  });
});

describe("what save refuses", () => {
  class Silent extends nn.Module {
    override forward(x: Tensor): Tensor {
      return x;
    }
  }
  class Odd extends Silent {
    readonly what: unknown;
    constructor(what: unknown) {
      super();
      this.what = what;
    }
    override config(): readonly unknown[] {
      return [this.what];
    }
  }
  const circle: unknown[] = [];
  circle.push(circle);
  const called = (name: string): nn.Module => {
    const Named = { [name]: class extends Odd {} }[name] as typeof Odd;
    return new Named(1);
  };
  it.each([
    ["a module without config", () => new Silent(), /Silent does not say/],
    [
      "a function as an argument",
      () => new Odd(() => 1),
      /^save: Odd\.config\(\)\[0\]: cannot be written down, function/,
    ],
    ["a class instance", () => new Odd(new Date(0)), /Date/],
    ["a circle", () => new Odd(circle), /circle/],
    ["a key with a meaning", () => new Odd({ $module: "Linear" }), /"\$module" is not allowed/],
    ["a name that is taken", () => called("Linear"), /called Linear, as a built-in/],
  ])("%s", (_, make, message) => {
    expect(() => io.save(make())).toThrow(message);
    expect(() => io.save(make())).toThrow(ValueError);
  });

  it("options that make no sense", () => {
    const model = track(new nn.Linear(1, 1));
    const bad =
      (options: object): (() => unknown) =>
      () =>
        io.save(model, options);
    expect(bad({ classes: [1] })).toThrow(/classes must be strings/);
    expect(bad({ dtype: "f64" })).toThrow(/dtype must be/);
    expect(bad({ preprocessing: [{}] })).toThrow(/step 0 has no name/);
    expect(bad({ metadata: { "simdgrad.model": "" } })).toThrow(/are the library's/);
    expect(bad({ metadata: { x: 1 } })).toThrow(ValueError);
    expect(() => io.save({} as nn.Module)).toThrow(ValueError);
  });
});

/** A file with another document, as one that forges or another version of the library would write it. */
async function forge(change: (document: { version: unknown; model: unknown }) => void): Promise<Uint8Array> {
  const { seal } = await import("../../src/io/sealed.ts");
  const document = { version: 1, model: { $module: "Linear", args: [2, 1] }, classes: [], preprocessing: [] };
  change(document);
  const tensors = [
    ["weight", track(zeros([1, 2]))],
    ["bias", track(zeros([1]))],
  ] as const;
  return seal("test", { key: "simdgrad.model", version: 1, what: "" }, document, tensors);
}

describe("what load refuses, by name", () => {
  const deep = (n: number): unknown => (n === 0 ? 1 : [deep(n - 1)]);
  it.each<[string, (document: Record<string, unknown>) => void, RegExp]>([
    [
      "a version from the future",
      (d) => (d["version"] = 2),
      /model file of version 2, and this simdgrad reads version 1/,
    ],
    ["no version", (d) => (d["version"] = null), /version null/],
    ["an unknown layer", (d) => (d["model"] = { $module: "Quantum", args: [] }), /unknown layer Quantum/],
    ["what is no layer", (d) => (d["model"] = { $module: "Module", args: [] }), /unknown layer Module/],
    [
      "a name of the prototype",
      (d) => (d["model"] = { $module: "constructor", args: [] }),
      /unknown layer constructor/,
    ],
    [
      "arguments that the layer refuses",
      (d) => (d["model"] = { $module: "Linear", args: [0, 1] }),
      /layer Linear cannot be made, Linear: inFeatures/,
    ],
    [
      "arguments that make no sense at all",
      (d) => (d["model"] = { $module: "Linear", args: [null, "1"] }),
      /layer Linear cannot be made/,
    ],
    ["arguments that are no list", (d) => (d["model"] = { $module: "Linear", args: {} }), /a list of args/],
    ["an unknown mark", (d) => (d["model"] = { $what: 1 }), /unknown mark "\$what"/],
    ["a layer that comes later", (d) => (d["model"] = { $same: 0 }), /no layer 0 comes before/],
    ["no module", (d) => (d["model"] = [1]), /describes no module/],
    ["a tower of brackets", (d) => (d["model"] = { $module: "Linear", args: deep(200) }), /deep/],
    ["classes that are no names", (d) => (d["classes"] = [1]), /classes are no strings/],
    ["steps without names", (d) => (d["preprocessing"] = [1]), /step 0 has no name/],
    ["unknown fields", (d) => (d["more"] = 1), /unknown field more/],
    [
      "a tensor of another shape",
      (d) => (d["model"] = { $module: "Linear", args: [3, 1] }),
      /the layers take f32 \[1, 3\], the tensor is f32 \[1, 2\], the bytes, key "weight", byte \d+/,
    ],
    [
      "a tensor too many",
      (d) => (d["model"] = { $module: "ReLU", args: [] }),
      /no layer has such a tensor, the bytes, key "weight"/,
    ],
    ["a tensor too few", (d) => (d["model"] = { $module: "BatchNorm1d", args: [1] }), /key "weight"/],
  ])("%s", async (_, change, message) => {
    const bytes = await forge(change);
    const random = getRandomState();
    let thrown: unknown;
    try {
      io.load(bytes);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FormatError);
    expect((thrown as Error).message).toMatch(message);
    expect((thrown as Error).message).toMatch(/^load: .*, the bytes, key ".+", byte \d+ \(.+\)$/s);
    expect(getRandomState()).toEqual(random);
  });

  it("tensors alone", () => {
    const bytes = io.saveSafetensors({ x: track(tensor([1])) });
    expect(() => io.load(bytes, { name: "x.safetensors" })).toThrow(
      'load: no model file, its metadata lack a key, x.safetensors, key "simdgrad.model", byte 8 (loadSafetensors reads any safetensors file)',
    );
  });

  it("a file cut off anywhere", () => {
    const bytes = io.save(track(new nn.Linear(3, 2)), { classes: ["x", "y"] });
    for (let n = 0; n < bytes.length; n++)
      expect(() => io.load(bytes.subarray(0, n)), `${n}`).toThrow(FormatError);
  });

  it("any bit that fell over, or the file says the same without it", () => {
    const model = track(new nn.Linear(3, 2));
    const bytes = io.save(model, { classes: ["x", "y"], metadata: { by: "us" } });
    let refused = 0;
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
      try {
        const loaded = io.load(damaged);
        track(loaded.model);
        expect(io.save(loaded.model, loaded), `bit ${bit}`).toEqual(bytes);
      } catch (error) {
        expect(error, `bit ${bit}`).toBeInstanceOf(FormatError);
        expect((error as Error).message).toMatch(/byte \d+/);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(bytes.length * 7.5);
  });

  it("a damaged weight, by its key", () => {
    const bytes = io.save(track(new nn.Linear(3, 2)));
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 64;
    expect(() => io.load(bytes)).toThrow(
      /checksum differs, the bytes, key "bias", byte \d+ \(the file is damaged\)/,
    );
  });
});

describe("preprocess", () => {
  it("runs the steps", () => {
    const x = track(
      tensor(
        Uint8Array.from({ length: 2 * 16 }, (_, i) => i * 8),
        { shape: [1, 2, 4, 4] },
      ),
    );
    const out = track(
      io.preprocess(x, [
        { step: "toFloat" },
        { step: "resize", size: [2, 2] },
        { step: "normalize", mean: [0.5, 0], std: [0.5, 1] },
      ]),
    );
    expect(out.shape).toEqual([1, 2, 2, 2]);
    const middle = (value: number): number => (value * 8) / 255;
    const values = [2.5, 4.5, 10.5, 12.5].map((i) => (middle(i) - 0.5) / 0.5);
    for (const [i, value] of [...values, ...[18.5, 20.5, 26.5, 28.5].map(middle)].entries())
      expect(out.data[i]).toBeCloseTo(value, 5);
  });

  it.each([
    [[{ step: "tokenize" }], 'preprocess: no step is called "tokenize"'],
    [[{ step: "normalize", std: 1 }], "preprocess: normalize: takes a mean"],
    [[{ step: "normalize", mean: [1], std: 1 }], "mean has 1 values, the input [1, 2, 2]"],
    [[{ step: "toFloat", scale: "x" }], "scale must be a number"],
    [[{ step: "resize", size: "x" }], "size must be"],
  ])("refuses %j", (steps, message) => {
    const x = track(zeros([1, 2, 2]));
    expect(() => io.preprocess(x, steps)).toThrow(message);
  });
});
