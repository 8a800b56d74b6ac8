import { expect, it } from "vitest";
import { graphDump, nn, noGrad, ones, tensor, ValueError } from "../../src/index.ts";
import { expectNoLeaks, inScope } from "./leaks.ts";

expectNoLeaks();

it(
  "draws ops, shapes and named leaves for Mermaid",
  inScope(() => {
    const x = tensor([[1, 2]], { requiresGrad: true });
    const w = tensor([3], { requiresGrad: true });
    const y = x.mul(w).add(x).sum();
    expect(graphDump(y, { names: { 'the "weight"': w } })).toBe(`flowchart TD
  leaf0(["leaf 1×2"])
  leaf1(["the #quot;weight#quot; 1"])
  n2["mul 1×2"]
  n3["add 1×2"]
  n4[["sum scalar"]]
  leaf0 --> n2
  leaf1 --> n2
  n2 --> n3
  leaf0 --> n3
  n3 --> n4
`);
  }),
);

it(
  "draws for Graphviz, with the parameters' paths of a module, and several roots",
  inScope(() => {
    const model = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU());
    const h = model.forward(ones([4, 2]));
    const text = graphDump([h.sum(), h], { format: "dot", names: model });
    expect(text).toMatch(/^digraph \{\n {2}node \[shape=box\]\n/);
    expect(text).toContain('[label="0.weight 3×2", shape=ellipse]');
    expect(text).toContain('[label="relu 4×3", peripheries=2]');
    expect(text).toContain('[label="sum scalar", peripheries=2]');
    expect(text).toMatch(/n\d -> n\d\n/);
    expect(text.endsWith("}\n")).toBe(true);
    expect(graphDump([h.sum(), h], { format: "dot", names: model }).length).toBe(text.length);
    model.dispose();
  }),
);

it(
  "refuses what has no graph",
  inScope(() => {
    const x = tensor([1], { requiresGrad: true });
    expect(graphDump(x)).toBe('flowchart TD\n  leaf0[["leaf 1"]]\n');
    expect(() => graphDump(noGrad(() => x.mul(2)))).toThrow(/has no graph/);
    expect(() => graphDump(x, { format: "svg" as "dot" })).toThrow(ValueError);
  }),
);
