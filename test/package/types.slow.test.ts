/** The types compile in projects that have only what their host has: each case is a tsconfig and a program. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { makeProject, root, type Project } from "./project.ts";

const TSC = join(root, "node_modules/typescript/bin/tsc");

/** Uses a bit of everything that a program of any host may use. */
const anyHost = (library: string): string => `
  import { compile, crossEntropy, init, nn, noGrad, optim, tensor, type Tensor } from "${library}";
  import { Linear, Sequential } from "${library}/nn";
  import { Adam } from "${library}/optim";
  import { DataLoader, TensorDataset } from "${library}/data";
  import { saveSafetensors } from "${library}/io";
  import { fit } from "${library}/train";
  const layer: nn.Linear = new Linear(2, 2);
  const model = new Sequential(layer, new nn.ReLU());
  const optimizer: optim.Adam = new Adam(model.parameters(), { lr: 1e-2 });
  const x: Tensor = tensor([[1, 2], [3, 4]]);
  const step = compile((batch: Tensor, y: Tensor) => {
    optimizer.zeroGrad();
    const loss = crossEntropy(model.forward(batch), y);
    loss.backward();
    optimizer.step();
    return loss;
  });
  const loss: number = step(x, tensor([0, 1], { dtype: "i32" })).item();
  const loader = new DataLoader(new TensorDataset(x), { batchSize: 1 });
  const bytes: Uint8Array = saveSafetensors({ x });
  const { threads }: { threads: number } = await init({ deterministic: true });
  export const all = [loss, loader, bytes, threads, fit, noGrad(() => x.add(1).toArray())];
  // @ts-expect-error there is no such option
  new Adam(model.parameters(), { learningRate: 1 });
`;

const WITH_KERNELS = `
  import { init } from "simdgrad/core";
  await init({ wasm: new Uint8Array(8) });
  await init({ wasm: { simd: new ArrayBuffer(8), relaxed: new Uint8Array(8) } });
  // @ts-expect-error a number is no binary
  await init({ wasm: 7 });
`;

interface Case {
  readonly lib: readonly string[];
  readonly types: readonly string[];
  readonly module: string;
  readonly moduleResolution: string;
  readonly program: string;
}

const NODE = { lib: ["es2022"], types: ["node"] };
const PAGE = { lib: ["es2022", "dom"], types: [] };
const WORKER = { lib: ["es2022", "webworker"], types: [] };
const nodenext = { module: "nodenext", moduleResolution: "nodenext" };
const node16 = { module: "node16", moduleResolution: "node16" };
const bundler = { module: "esnext", moduleResolution: "bundler" };

const CASES: Readonly<Record<string, Case>> = {
  "Node without dom, nodenext": { ...NODE, ...nodenext, program: anyHost("simdgrad") },
  "Node without dom, node16": { ...NODE, ...node16, program: anyHost("simdgrad") },
  "a page without @types/node, bundler": { ...PAGE, ...bundler, program: anyHost("simdgrad") },
  "a page, simdgrad/inline": { ...PAGE, ...bundler, program: anyHost("simdgrad/inline") },
  "a web worker": { ...WORKER, ...bundler, program: anyHost("simdgrad") },
  "Node, simdgrad/core": { ...NODE, ...nodenext, program: anyHost("simdgrad/core") },
  "Node, simdgrad/core and kernels": {
    ...NODE,
    ...nodenext,
    program: `${WITH_KERNELS}
      import { readFile } from "node:fs/promises";
      await init({ wasm: readFile("simdgrad.simd.wasm") });
      await init({ wasm: new URL(import.meta.url) });`,
  },
  "a page, simdgrad/core and kernels": {
    ...PAGE,
    ...bundler,
    program: `${WITH_KERNELS}
      await init({ wasm: fetch("simdgrad.simd.wasm") });
      await init({ wasm: WebAssembly.compileStreaming(fetch("simdgrad.simd.wasm")) });`,
  },
  "Node, the companions": {
    ...NODE,
    lib: ["es2022"],
    ...nodenext,
    program: `
      import * as csv from "simdgrad/csv";
      import * as node from "simdgrad/node";
      export const all = [csv, node];`,
  },
};

/** Types of the companions' own dependencies, and Node's. */
const PACKAGES = [
  "@types/node",
  "@types/papaparse",
  "@types/cli-progress",
  "papaparse",
  "cli-progress",
  "sharp",
];

describe("types", () => {
  let project: Project;
  beforeAll(async () => {
    project = await makeProject(PACKAGES);
  });

  it.each(Object.entries(CASES))("%s", (name, { program, ...options }) => {
    const folder = name.replaceAll(/[^a-z0-9]+/gi, "-");
    project.write({
      [`${folder}/program.ts`]: program,
      [`${folder}/tsconfig.json`]: JSON.stringify({
        compilerOptions: { ...options, target: "es2022", strict: true, noEmit: true, skipLibCheck: false },
        files: ["program.ts"],
      }),
    });
    let said = "";
    try {
      execFileSync(process.execPath, [TSC, "-p", join(project.folder, folder)], { encoding: "utf8" });
    } catch (error) {
      said = (error as { stdout: string }).stdout;
    }
    expect(said).toBe("");
  });
});
