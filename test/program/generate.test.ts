import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { generate } from "../../scripts/generate-kernels.mjs";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "simdgrad-generate-"));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** What the generator makes of these files in assembly/kernels. */
function generateFrom(files: Record<string, string>): Record<string, string> {
  for (const [name, text] of Object.entries(files)) {
    const path = join(root, "assembly/kernels", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return generate(root);
}

const kernel = (name: string, parameters: string): string =>
  `export function ${name}(${parameters}, part: i32, parts: i32): i32 { return 0; }\n`;

const ABI = /0x[0-9a-f]{8}/;
const abiOf = (files: Record<string, string>): string | undefined =>
  ABI.exec(generateFrom(files)["src/wasm/abi.gen.ts"] ?? "")?.[0];

describe("the generator", () => {
  test("numbers kernels by name, whatever file they are in", () => {
    const made = generateFrom({
      "z.ts": kernel("add_f32", "out: usize, n: i32"),
      "a/deep.ts": kernel("sub_f32", "out: usize, value: f32") + kernel("mul_f32", "out: usize"),
    });
    expect(made["src/program/kernels.gen.ts"]).toContain('"add_f32 mul_f32 sub_f32".split(" ")');
    expect(made["assembly/dispatch.gen.ts"]).toContain(
      "case 2:\n      return sub_f32(load<usize>(command, 4), load<f32>(command, 8), part, parts);",
    );
    expect(made["assembly/kernels.gen.ts"]).toContain('export { mul_f32, sub_f32 } from "./kernels/a/deep";');
  });

  test("appends embedded words behind the fixed slots", () => {
    const made = generateFrom({ "a.ts": kernel("copy_32", "out: usize, dims: Words, more: Words") });
    const encoder = made["src/program/kernels.gen.ts"];
    expect(encoder).toContain(
      "copy_32: (out: Ptr, dims: readonly number[], more: readonly number[]) => number = /* @__PURE__ */ i1w2(0);",
    );
    expect(encoder).toContain("const length = 4 + w1.length + w2.length;");
    expect(encoder).toContain("i32[at + 3] = 4 + w1.length;");
    expect(made["assembly/dispatch.gen.ts"]).toContain(
      "copy_32(load<usize>(command, 4), command + (<usize>load<u32>(command, 8) << 2), command + (<usize>load<u32>(command, 12) << 2), part, parts)",
    );
  });

  test("has one encoder for all kernels with the same kinds of arguments", () => {
    const encoders = generateFrom({
      "a.ts":
        kernel("axpy_f32", "out: usize, x: usize, alpha: f32, n: i32") +
        kernel("elu_f32", "out: usize, x: usize, slope: f32, n: i32") +
        kernel("tick", "state: usize"),
    })["src/program/kernels.gen.ts"];
    expect(encoders?.match(/^function .*/gm)).toEqual([
      "function i2f1i1(id: number) {",
      "function i1(id: number) {",
    ]);
    expect(encoders).toContain("f32[at + 3] = f2;");
    expect(encoders).toContain("/* @__PURE__ */ i2f1i1(1);");
  });

  test("passes over decorators, functors, constants and what is not exported or no kernel", () => {
    const made = generateFrom({
      "a.ts":
        "@inline const SIZE: i32 = 4;\n@final @unmanaged class Op { @inline v(x: v128): v128 { return x; } }\n" +
        "// @ts-ignore: decorator\n@inline\nexport function helper(x: v128): v128 { return changetype<Op>(0).v(x); }\n" +
        kernel("neg_f32", "out: usize").replace("export ", "") +
        kernel("abs_f32", "out: usize"),
    });
    expect(made["assembly/kernels.gen.ts"]?.match(/export .*/g)).toEqual([
      'export { abs_f32 } from "./kernels/a";',
    ]);
  });

  test("exports workspace helpers and gives them no number", () => {
    const made = generateFrom({
      "gemm.ts": `${kernel("gemm_f32", "c: usize, workspace: usize")}export function gemm_f32_workspace(m: i32, parts: i32): i32 { return m; }`,
    });
    expect(made["assembly/kernels.gen.ts"]).toContain("export { gemm_f32, gemm_f32_workspace }");
    expect(made["assembly/dispatch.gen.ts"]).not.toContain("workspace");
    expect(made["src/program/kernels.gen.ts"]).toContain(
      'gemm_f32_workspace: (m: number, parts: number) => number = /* @__PURE__ */ helper("gemm_f32_workspace");',
    );
  });

  test("makes something that compiles when there is no kernel", () => {
    expect(generateFrom({})["src/program/kernels.gen.ts"]).toContain("kernelNames: readonly string[] = [];");
  });

  test("hashes names, types and order of the parameters", () => {
    const first = abiOf({ "a.ts": kernel("sub_f32", "out: usize, a: usize, b: usize") });
    expect(abiOf({ "a.ts": `/** Moved. */\n\n${kernel("sub_f32", "out: usize, a: usize, b: usize")}` })).toBe(
      first,
    );
    expect(abiOf({ "a.ts": kernel("sub_f32", "out: usize, b: usize, a: usize") })).not.toBe(first);
    expect(abiOf({ "a.ts": kernel("sub_f32", "out: usize, a: usize, b: i32") })).not.toBe(first);
  });

  test.each([
    ["a type that no command carries", kernel("x_f32", "a: f64"), "a is f64, must be one of usize, i32"],
    ["another result", kernel("x_f32", "a: i32").replace("): i32", "): f32"), "returns f32, must return i32"],
    [
      "two kernels of one name",
      kernel("x_f32", "a: i32").repeat(2),
      "x_f32 is also in assembly/kernels/a.ts",
    ],
    [
      "a helper of nothing",
      "export function x_workspace(n: i32): i32 { return n; }",
      "x_workspace has no kernel x",
    ],
    [
      "a helper of pointers",
      "export function x_workspace(n: usize): i32 { return n; }",
      "n is usize, must be i32",
    ],
  ])("refuses %s", (_what, source, message) => {
    expect(() => generateFrom({ "a.ts": source })).toThrow(message);
  });
});
