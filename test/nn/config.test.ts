import { describe, expect, it } from "vitest";
import { manualSeed, memory, nn, scope, Tensor } from "../../src/index.ts";
import { SAMPLES } from "./samples.ts";

const exported: Readonly<Record<string, unknown>> = { ...nn };
const classes = Object.keys(exported).filter((name) => {
  const value = exported[name];
  return typeof value === "function" && value.prototype instanceof nn.Module;
});

/** What a model file does: the class by its name, its arguments through JSON, modules in them likewise. */
function again(module: nn.Module): nn.Module {
  const Class = exported[module.constructor.name] as new (...args: unknown[]) => nn.Module;
  return new Class(...module.config().map(throughFile));
}

function throughFile(value: unknown): unknown {
  if (value instanceof nn.Module) return again(value);
  if (Array.isArray(value)) return value.map(throughFile);
  if (typeof value === "object" && value !== null) {
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, throughFile(part)]));
  }
  const read: unknown = JSON.parse(JSON.stringify(value));
  expect(read).toBe(value);
  return read;
}

const shapes = (module: nn.Module): [string, readonly number[]][] =>
  Object.entries(module.stateDict()).map(([key, t]) => [key, t.shape]);

const numbers = (output: unknown): number[][] =>
  (Array.isArray(output) ? output.flat() : [output]).flatMap((t) =>
    t instanceof Tensor ? [Array.from(t.data)] : [],
  );

describe("config", () => {
  it("has a sample of every module class", () => {
    expect(classes.filter((name) => !Object.hasOwn(SAMPLES, name))).toEqual([]);
    expect(Object.keys(SAMPLES).filter((name) => !classes.includes(name))).toEqual([]);
  });

  const cases = Object.entries(SAMPLES).flatMap(([name, samples]) =>
    samples.map((sample, i) => ({ title: i === 0 ? name : `${name}, way ${i + 1}`, name, ...sample })),
  );
  it.each(cases)("$title is made again from it", ({ name, make, inputs }) => {
    const before = memory().live;
    scope(() => {
      manualSeed(1);
      const module = make();
      expect(module.constructor.name).toBe(name);
      const copy = again(module);
      expect(shapes(copy)).toEqual(shapes(module));
      expect(copy.toString()).toBe(module.toString());
      copy.loadStateDict(module.stateDict());
      const x = inputs();
      const run = (m: nn.Module): unknown => {
        manualSeed(2);
        return (m as unknown as { forward(...inputs: unknown[]): unknown }).forward(...x);
      };
      if (x.length === 0) expect(() => run(module)).toThrow(`${name}: has no forward of its own`);
      else {
        const expected = numbers(run(module));
        expect(expected.length).toBeGreaterThan(0);
        expect(numbers(run(copy))).toEqual(expected);
      }
      module.dispose();
      copy.dispose();
    });
    expect(memory().live).toBe(before);
  });

  it("is shown by toString, as one writes it", () => {
    expect(String(new nn.Conv2d(1, 4, 3, { padding: [1, 0], bias: false }))).toBe(
      "Conv2d(1, 4, [3, 3], padding: [1, 0], bias: false)",
    );
    expect(String(new nn.LSTM(3, 4, { numLayers: 2, batchFirst: true, dropout: 0 }))).toBe(
      "LSTM(3, 4, numLayers: 2, batchFirst: true)",
    );
    expect(String(new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU()))).toBe(
      "Sequential(\n  (0): Linear(2, 3)\n  (1): ReLU()\n)",
    );
  });

  it("names the class that has none", () => {
    class Net extends nn.Module {
      forward(x: Tensor): Tensor {
        return x;
      }
    }
    expect(() => new Net().config()).toThrow(/Net does not say what it was made of/);
    expect(String(new Net())).toBe("Net()");
  });
});
