import { describe, expect, it } from "vitest";
import {
  fmod,
  gradcheck,
  gradgradcheck,
  pow,
  prod,
  remainder,
  std,
  tensor,
  type Tensor,
} from "../../src/index.ts";
import { expectNoLeaks, inScope } from "./leaks.ts";

expectNoLeaks();

/** What the spec checker's random samples do not reach: points where a rule has a case of its own. */
describe("gradients of gradients where a rule has cases", () => {
  const leaf = (values: number[] | number[][]): Tensor => tensor(values, { requiresGrad: true });

  for (const [name, op] of Object.entries({ fmod, remainder })) {
    it(
      name,
      inScope(() => {
        // Away from the jumps, where x / y is a whole number.
        const [x, y] = [leaf([5.5, -5.3, 2.2, -7.1]), leaf([2.1, 3.2, -1.7, -2.6])];
        expect(gradcheck(op, [x, y])).toBe(true);
        expect(gradgradcheck((a, b) => op(a, b).square(), [x, y])).toBe(true);
        expect(gradgradcheck(op, [x, y])).toBe(true);
      }),
    );
  }

  it(
    "prod with no, one, two and three zeros in a row",
    inScope(() => {
      const x = leaf([
        [1.5, -2, 0.5, 1.2],
        [0, 2, -1, 1.5],
        [0, 2, 0, 1.5],
        [0, 0, 0.5, 0],
      ]);
      for (const options of [{ dim: 1 }, { dim: 0, keepdim: true }, {}]) {
        expect(gradcheck((t) => prod(t, options), [x])).toBe(true);
        expect(gradgradcheck((t) => prod(t, options), [x])).toBe(true);
      }
      expect(gradgradcheck((t) => prod(t), [leaf([3])])).toBe(true);
      const box = tensor(
        Array.from({ length: 12 }, (_, i) => (i === 5 ? 0 : 1 + i / 10)),
        { shape: [2, 3, 2], requiresGrad: true },
      );
      expect(gradgradcheck((t) => prod(t, { dim: [0, 2] }), [box])).toBe(true);
    }),
  );

  it(
    "pow at 0, and roots of sums of squares",
    inScope(() => {
      const x = leaf([0, 0.7, 1.3]);
      expect(gradgradcheck((t) => pow(t, 2), [x])).toBe(true);
      expect(gradgradcheck((t) => pow(t, 3), [x])).toBe(true);
      expect(gradgradcheck((t) => std(t), [x])).toBe(true);
    }),
  );
});
