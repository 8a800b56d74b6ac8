import { describe, expect, it } from "vitest";
import { compile, manualSeed, memory, nn, noGrad, ones, randn, type Tensor } from "../../src/index.ts";

/** Statistics that are not those of a new layer. */
function lived<M extends nn.Module>(model: M): M {
  for (const m of model.modules()) {
    if (!(m instanceof nn.BatchNorm1d || m instanceof nn.BatchNorm2d)) continue;
    m.running_mean?.copy_(randn([m.numFeatures]));
    m.running_var?.copy_(randn([m.numFeatures]).square().add(0.5));
  }
  return model.eval();
}

class Block extends nn.Module {
  readonly conv = new nn.Conv2d(4, 4, 3, { padding: 1, bias: false });
  readonly bn = new nn.BatchNorm2d(4);
  readonly twice: boolean;

  constructor(twice = false) {
    super();
    this.twice = twice;
  }

  override forward(x: Tensor): Tensor {
    const y = this.conv.forward(x);
    const z = this.bn.forward(y);
    return (this.twice ? z.add(y) : z).relu().add(x);
  }
}

const norms = (model: nn.Module): number =>
  model.modules().filter((m) => m instanceof nn.BatchNorm1d || m instanceof nn.BatchNorm2d).length;

describe("fuse", () => {
  it("folds batch norms of sequences, blocks and rows, to the same results", () => {
    manualSeed(1);
    const model = lived(
      new nn.Sequential(
        new nn.Conv2d(3, 4, 3, { groups: 1, padding: 1 }),
        new nn.BatchNorm2d(4),
        new nn.ReLU(),
        new Block(),
        new nn.Flatten(),
        new nn.Linear(4 * 6 * 6, 5),
        new nn.BatchNorm1d(5, { affine: false }),
      ),
    );
    const x = randn([2, 3, 6, 6]);
    const before = noGrad<Tensor>(() => model.forward(x));
    const live = memory().live;
    expect(nn.fuse(model, x)).toBe(model);
    expect(norms(model)).toBe(0);
    expect(memory().live).toBeLessThan(live);
    const after = noGrad<Tensor>(() => model.forward(x));
    for (const [i, v] of after.data.entries()) expect(v).toBeCloseTo(before.data[i] as number, 4);
    expect(compile(model)(x).data).toEqual(after.data);
  });

  it("leaves a model as it was whose norm's input is used elsewhere, and layers that run twice", () => {
    const model = lived(new Block(true));
    const x = randn([1, 4, 5, 5]);
    const before = noGrad<Tensor>(() => model.forward(x)).data;
    expect(() => nn.fuse(model, x)).toThrow(
      /fuse: the model gives other results with its batch norms folded/,
    );
    expect(norms(model)).toBe(1);
    expect(noGrad<Tensor>(() => model.forward(x)).data).toEqual(before);
    const conv = new nn.Conv2d(2, 2, 1);
    const shared = lived(new nn.Sequential(conv, new nn.BatchNorm2d(2), conv));
    expect(norms(nn.fuse(shared, ones([1, 2, 2, 2])))).toBe(1);
  });

  it("wants evaluation mode and running statistics", () => {
    const make = (track: boolean): nn.Sequential =>
      new nn.Sequential(new nn.Linear(2, 2), new nn.BatchNorm1d(2, { trackRunningStats: track }));
    expect(() => nn.fuse(make(true), ones([3, 2]))).toThrow(
      /BatchNorm1d\(2\) is in training mode \(call model.eval\(\) first\)/,
    );
    expect(() => nn.fuse(make(false).eval(), ones([3, 2]))).toThrow(/has no running statistics/);
  });
});
