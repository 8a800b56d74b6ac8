/** What bundlers leave out when a program does not use it: `sideEffects: false` must be true. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { rollup } from "rollup";
import { beforeAll, describe, expect, it } from "vitest";
import { tool } from "../../scripts/package.mjs";
import { makeProject, type Project } from "./project.ts";

/** Something that only this part says, in the built files too: minifiers leave strings as they are. */
const MARKERS = {
  nn: "MultiheadAttention: embedDim must be a multiple",
  optim: "Adadelta: weightDecay",
  train: "findLr: the data gave no batch",
  data: "DataLoader: the dataset is empty",
  io: "save: classes must be strings",
} as const;
type Part = keyof typeof MARKERS;

/** The same of what one rarely needs of the index itself. */
const RARE = {
  compile: "compile: cacheSize",
  gradgradcheck: "gradgradcheck: no result",
  graphDump: "graphDump: this tensor has no graph",
  gridSample: "a grid [n, oh, ow, 2]",
  crossEntropy: "crossEntropy: labelSmoothing must lie",
  conv2d: "needs stride 1, got [",
} as const;

type Bundle = (project: Project, entry: string, output: string) => Promise<void>;

interface Esbuild {
  readonly build: (options: object) => Promise<unknown>;
}
type Webpack = (
  options: object,
  done: (error: Error | null, stats?: { hasErrors(): boolean; toString(options: object): string }) => void,
) => void;

const BUNDLERS: Readonly<Record<string, Bundle>> = {
  async rollup({ folder }, entry, output) {
    const installed = join(folder, "node_modules/simdgrad");
    const bundle = await rollup({
      input: join(folder, entry),
      plugins: [
        {
          name: "installed",
          // What @rollup/plugin-node-resolve does, for the one package there is.
          resolveId(id) {
            if (!/^simdgrad(\/|$)/.test(id)) return null;
            const subpath = `.${id.slice("simdgrad".length)}`;
            const { exports, sideEffects } = JSON.parse(
              readFileSync(join(installed, "package.json"), "utf8"),
            ) as { exports: Record<string, { browser: string }>; sideEffects: boolean };
            const target = exports[subpath];
            if (target === undefined) return null;
            return { id: join(installed, target.browser), moduleSideEffects: sideEffects };
          },
          load(id) {
            return id.startsWith(installed)
              ? { code: readFileSync(id, "utf8"), moduleSideEffects: false }
              : null;
          },
        },
      ],
    });
    await bundle.write({ file: join(folder, output), format: "es", inlineDynamicImports: true });
  },
  async esbuild({ folder }, entry, output) {
    const { build } = (await tool.load("esbuild")) as Esbuild;
    await build({
      entryPoints: [join(folder, entry)],
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      outfile: join(folder, output),
      logLevel: "error",
    });
  },
  async webpack({ folder }, entry, output) {
    const { default: webpack } = (await tool.load("webpack")) as { default: Webpack };
    await new Promise<void>((resolve, reject) =>
      webpack(
        {
          mode: "production",
          context: folder,
          entry: `./${entry}`,
          target: ["web", "es2022"],
          experiments: { outputModule: true },
          output: { path: folder, filename: output, module: true, library: { type: "module" } },
          performance: { hints: false },
        },
        (error, stats) => {
          if (error) reject(error);
          else if (stats?.hasErrors()) reject(new Error(stats.toString({ errorDetails: true })));
          else resolve();
        },
      ),
    );
  },
};

const PROGRAMS = {
  nothing: `import "simdgrad";\n`,
  tensors: `import { matmul, tensor } from "simdgrad";
    const x = tensor([[1, 2], [3, 4]], { requiresGrad: true });
    x.matmul(x).sum().backward();
    export const product = matmul(x, x).add(1).toArray();
    export const gradient = x.grad.toArray();\n`,
  all: `import { data, io, nn, optim, train } from "simdgrad"; export { data, io, nn, optim, train };\n`,
  rare: `export { ${Object.keys(RARE).join(", ")} } from "simdgrad";\n`,
  nn: `import { MultiheadAttention } from "simdgrad/nn"; export const layer = new MultiheadAttention(4, 2);\n`,
};

let project: Project;
beforeAll(async () => {
  await tool.ready();
  project = await makeProject();
  project.write(Object.fromEntries(Object.entries(PROGRAMS).map(([name, code]) => [`${name}.js`, code])));
});

describe.each(Object.entries(BUNDLERS))("%s", (name, bundle) => {
  const bundled = async (program: keyof typeof PROGRAMS): Promise<string> => {
    const output = `${name}-${program}.mjs`;
    await bundle(project, `${program}.js`, output);
    return readFileSync(join(project.folder, output), "utf8");
  };
  const found = (code: string): Part[] =>
    (Object.keys(MARKERS) as Part[]).filter((part) => code.includes(MARKERS[part]));
  const rare = (code: string): string[] =>
    Object.entries(RARE).flatMap(([what, marker]) => (code.includes(marker) ? [what] : []));

  it(`import "simdgrad" alone leaves nothing`, async () => {
    const code = await bundled("nothing");
    expect(code.trim().length, code.slice(0, 500)).toBeLessThan(40);
  });

  it("tensors alone leave out the parts, and their methods work", async () => {
    const code = await bundled("tensors");
    expect(found(code)).toEqual([]);
    expect(rare(code)).toEqual([]);
    const program = `import { product, gradient } from "./${name}-tensors.mjs"; console.log(JSON.stringify({ product, gradient }));`;
    const { product, gradient } = JSON.parse(
      project.node(["--input-type=module", "--eval", program]),
    ) as Record<string, unknown>;
    expect(product).toEqual([
      [8, 11],
      [16, 23],
    ]);
    expect(gradient).toEqual([
      [7, 11],
      [9, 13],
    ]);
  });

  it("the control: who imports the parts gets them", async () => {
    expect(found(await bundled("all"))).toEqual(Object.keys(MARKERS));
    expect(rare(await bundled("rare"))).toEqual(Object.keys(RARE));
  });

  it("a part brings what it needs and no other part", async () => {
    expect(found(await bundled("nn"))).toEqual(["nn"]);
  });
});
