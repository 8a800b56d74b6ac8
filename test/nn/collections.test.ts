import { describe, expect, it } from "vitest";
import { memory, nn, ones, randn, scope, sum, tensor, zeros, type Tensor } from "../../src/index.ts";

class Tower extends nn.Module {
  readonly blocks = new nn.ModuleList([new nn.Linear(2, 2), new nn.Linear(2, 2)]);
  readonly heads = new nn.ModuleDict<nn.Layer>({
    a: new nn.Linear(2, 1),
    b: new nn.Sequential(new nn.ReLU()),
  });
  readonly scales = new nn.ParameterList([ones([2]), [2]]);
  readonly shifts = new nn.ParameterDict({ x: [2] });

  forward(x: Tensor): Tensor {
    let h = x;
    for (const block of this.blocks) h = block.forward(h);
    for (const scale of this.scales) h = h.add(scale);
    return this.heads.get("a").forward(h.mul(this.shifts.get("x")));
  }
}

describe("collections", () => {
  it("stand in the state dict by PyTorch's paths, and are trained and freed", () => {
    const before = memory().live;
    scope(() => {
      const tower = new Tower();
      expect(Object.keys(tower.stateDict())).toEqual([
        ...["blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "blocks.1.bias"],
        ...["heads.a.weight", "heads.a.bias", "scales.0", "scales.1", "shifts.x"],
      ]);
      nn.init.ones_(tower.shifts.get("x"));
      sum(tower.forward(randn([3, 2]))).backward();
      for (const t of tower.parameters()) expect(t.grad?.shape).toEqual(t.shape);
      tower.eval();
      expect(tower.getSubmodule("heads.b.0").training).toBe(false);
      tower.dispose();
    });
    expect(memory().live).toBe(before);
  });

  it("ModuleList grows and changes", () => {
    const [a, b, c, d] = [new nn.ReLU(), new nn.Tanh(), new nn.Sigmoid(), new nn.Mish()];
    const list = new nn.ModuleList<nn.Module>([a]).append(b).extend([c]);
    list.insert(1, d);
    expect([...list]).toEqual([a, d, b, c]);
    list.insert(4, a);
    list.set(-1, b);
    expect(list.length).toBe(5);
    expect(list.at(-1)).toBe(b);
    expect(list.at(7)).toBeUndefined();
    expect(() => {
      list.set(5, a);
    }).toThrow("ModuleList: index 5 is outside of its 5 entries");
    expect(() => {
      list.insert(-6, a);
    }).toThrow("ModuleList: index -6 is outside of its 5 entries");
    expect(() => list.forward()).toThrow(/ModuleList: has no forward of its own/);
  });

  it("ModuleDict and ParameterDict go by name", () => {
    scope(() => {
      const dict = new nn.ModuleDict<nn.Module>({ one: new nn.ReLU() });
      dict.set("two", new nn.Tanh()).set("one", new nn.Mish());
      expect([...dict.keys()]).toEqual(["one", "two"]);
      expect(String(dict.get("one"))).toBe("Mish()");
      expect([dict.has("two"), dict.delete("two"), dict.delete("two"), dict.size]).toEqual([
        true,
        true,
        false,
        1,
      ]);
      expect(() => dict.get("two")).toThrow('ModuleDict: has no module "two", only one');
      expect(() => dict.set("a.b", new nn.ReLU())).toThrow(
        /must not be empty or have a dot in it, got "a.b"/,
      );
      const shared = new nn.Parameter(ones([2]));
      const parameters = new nn.ParameterDict({ w: shared, v: zeros([1]) });
      expect(parameters.get("w")).toBe(shared);
      expect(() => parameters.get("u")).toThrow('ParameterDict: has no parameter "u", only w, v');
      parameters.dispose();
    });
  });
});

describe("walking through modules", () => {
  it("meets one that stands twice once", () => {
    const shared = new nn.Linear(2, 2);
    const inner = new nn.Sequential(shared, new nn.ReLU());
    const net = new nn.Sequential(inner, shared, shared);
    expect(net.children()).toEqual([inner, shared]);
    expect(net.modules().map((m) => m.constructor.name)).toEqual([
      "Sequential",
      "Sequential",
      "Linear",
      "ReLU",
    ]);
    const met: nn.Module[] = [];
    expect(net.apply((m) => met.push(m))).toBe(net);
    expect(met.map((m) => m.constructor.name)).toEqual(["Linear", "ReLU", "Sequential", "Sequential"]);
    expect(net.getSubmodule("0.0")).toBe(shared);
    expect(net.getSubmodule("")).toBe(net);
    expect(() => net.getSubmodule("0.2")).toThrow(
      'getSubmodule: Sequential has no module "0.2"; it has 0, 0.0, 0.1, 1, 2',
    );
    net.dispose();
  });
});

describe("forward hooks", () => {
  it("run before and after, change what they are given, and come off", () => {
    scope(() => {
      const layer = new nn.Identity();
      const seen: string[] = [];
      const first = layer.registerForwardPreHook((module, [x]) => {
        seen.push(`${String(module === layer)} ${x.item()}`);
        return [x.add(1)];
      });
      const second = layer.registerForwardHook((_, [x], y) => {
        seen.push(`${x.item()} ${y.item()}`);
        return y.mul(10);
      });
      const third = layer.registerForwardHook((_, __, y) => {
        seen.push(`${y.item()}`);
      });
      expect(layer.forward(tensor(1)).item()).toBe(20);
      expect(seen).toEqual(["true 1", "2 2", "20"]);
      first.remove();
      second.remove();
      second.remove();
      expect(layer.forward(tensor(1)).item()).toBe(1);
      third.remove();
      layer.forward(tensor(1));
      expect(seen.length).toBe(4);
    });
  });

  it("run once around a forward that calls its parent's, and let gradients through", () => {
    scope(() => {
      class Doubled extends nn.Linear {
        override forward(x: Tensor): Tensor {
          return super.forward(x).mul(2);
        }
      }
      const layer = new Doubled(1, 1, { bias: false });
      nn.init.ones_(layer.weight);
      let calls = 0;
      layer.registerForwardHook((_, __, y) => {
        calls++;
        return y.mul(5);
      });
      const model = new nn.Sequential(layer);
      const y = model.forward(tensor([[3]]));
      expect(y.item()).toBe(30);
      expect(calls).toBe(1);
      y.backward();
      expect(layer.weight.grad?.item()).toBe(30);
      model.dispose();
    });
  });
});
