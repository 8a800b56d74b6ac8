import * as simdgrad from "simdgrad";

/** What `run` says on the console as a warning. */
async function warningsOf(run: () => unknown): Promise<string[]> {
  const warnings: string[] = [];
  const { warn } = console;
  console.warn = (...args: unknown[]) => {
    warnings.push(args.map(String).join(" "));
  };
  try {
    await run();
  } finally {
    console.warn = warn;
  }
  return warnings;
}

/** Everything dropped, and used again. */
export function secondInstance(): string {
  const old = simdgrad.ones([3]);
  simdgrad.destroy();
  if (simdgrad.memory().live !== 0) throw new Error(`${simdgrad.memory().live} bytes outlive destroy()`);
  let refusal = "";
  try {
    old.toArray();
  } catch (error) {
    refusal = (error as Error).name;
  }
  if (refusal !== "DisposedError")
    throw new Error(`a tensor of the first instance gave ${refusal || "values"}`);
  const sum = simdgrad.arange(1000).sum().item();
  if (sum !== 499_500) throw new Error(`0 + … + 999 gave ${sum}`);
  return "boots again; old tensors are refused";
}

/** The package installed a second time, under another name: it works, its first use says that there are two, and they do not mix. */
export async function anotherCopy(): Promise<string> {
  let copy: typeof simdgrad | undefined;
  const mine = simdgrad.ones([2]);
  const warnings = await warningsOf(async () => {
    copy = await import("simdgrad-copy");
    if (copy.ones([2]).sum().item() !== 2) throw new Error("the second copy computes 1 + 1 ≠ 2");
  });
  if (copy === undefined || copy.Tensor === simdgrad.Tensor) throw new Error("it is the same copy");
  if (warnings.length !== 1)
    throw new Error(`${warnings.length} warnings of two copies: ${warnings.join("; ")}`);
  let refusal = "nothing";
  try {
    simdgrad.add(mine, copy.ones([2]));
  } catch (error) {
    refusal = (error as Error).name;
  }
  if (!/^\w+Error$/.test(refusal) || refusal === "TypeError")
    throw new Error(`mixing tensors of two copies threw ${refusal}`);
  return `${warnings.join("")} [mixing: ${refusal}]`;
}
