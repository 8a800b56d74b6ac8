import { describe, expect, it } from "vitest";
import {
  anomalyMode,
  AutogradError,
  crossEntropy,
  isAnomalyMode,
  logsumexp,
  ones,
  setAnomalyMode,
  tensor,
  where,
  zeros,
} from "../../src/index.ts";
import { expectNoLeaks, inScope } from "./leaks.ts";

expectNoLeaks();

const message = (fn: () => unknown): string => {
  try {
    fn();
  } catch (error) {
    expect(error).toBeInstanceOf(AutogradError);
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
};

describe("anomaly mode", () => {
  it(
    "names the op that first makes a NaN or an infinity, its inputs and the place of the call",
    inScope(() => {
      const x = tensor([4, 1, -1]);
      const says = message(() => anomalyMode(() => x.add(0).sqrt().mul(2).sum()));
      expect(says).toMatch(/^sqrt: made NaN at element 2 of its result \[3\] from inputs of shape \[3\]/);
      expect(says).toMatch(/called at .*anomaly\.test\.ts:\d+:\d+/);
      expect(message(() => anomalyMode(() => zeros([2, 2]).log()))).toMatch(
        /log: made -Infinity at element 0/,
      );
      expect(message(() => anomalyMode(() => ones([1]).mul(3e38).mul_(10)))).toMatch(/mul_: made Infinity/);
      expect(isAnomalyMode()).toBe(false);
    }),
  );

  it(
    "tells data that is bad from ops that spoil it",
    inScope(() => {
      expect(message(() => anomalyMode(() => tensor([1, NaN]).mul(2)))).toMatch(
        /mul: was given NaN at element 1 of input 0 \[2\], which no op made/,
      );
    }),
  );

  it(
    "names the gradient rule, and where its op was called in forward",
    inScope(() => {
      const x = tensor([0, 1, 4], { requiresGrad: true });
      const says = message(() =>
        anomalyMode(() => {
          x.mul(2).sqrt().sum().backward();
        }),
      );
      expect(says).toMatch(/^sqrt: its gradient rule made Infinity at element 0 of the gradient of input 0/);
      expect(says).toMatch(/inputs of shape \[3\], called at .*anomaly\.test\.ts:\d+:\d+/);
      expect(
        message(() =>
          anomalyMode(() => {
            x.mul(1).backward({ gradient: tensor([1, Infinity, 1]) });
          }),
        ),
      ).toMatch(/gradient of mul's result \[3\] has Infinity at element 1/);
    }),
  );

  it(
    "lets composite ops, masked gradients and chosen infinities be",
    inScope(() => {
      const x = tensor([0, 1, 2], { requiresGrad: true });
      anomalyMode(() => {
        crossEntropy(x.reshape([1, 3]), tensor([1], { dtype: "i32" })).backward();
        x.pow(2).sum().backward();
      });
      anomalyMode(
        () => {
          const masked = where(x.gt(0.5), x, -Infinity);
          logsumexp(masked, { dim: 0 }).backward();
        },
        { nanOnly: true },
      );
      setAnomalyMode(true);
      expect(isAnomalyMode()).toBe(true);
      expect(() => x.log()).toThrow(/log: made -Infinity/);
      setAnomalyMode(false);
      expect(x.log().data[0]).toBe(-Infinity);
    }),
  );
});
