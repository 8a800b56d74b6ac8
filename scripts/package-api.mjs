/**
 * The public surface, written down: a report in api/ for each file of types that the package's subpaths name.
 *
 *   node scripts/package-api.mjs            accepts the surface as it is now
 *   node scripts/package-api.mjs --check    fails when the surface is not what the reports say, and shows where
 *
 * It reads the types out of the packed tarball, so what it reports is what users get.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { exportsOf, packAndInstall, tool } from "./package.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const ACCEPTED = join(root, "api");

/**
 * Files of types by the subpaths that have them, in the order of package.json.
 * @param {string} folder of the package
 */
function entries(folder) {
  /** @type {Map<string, string[]>} */
  const subpathsOf = new Map();
  for (const [subpath, conditions] of Object.entries(exportsOf(folder))) {
    const types = typeof conditions === "object" ? conditions.types : undefined;
    if (types) subpathsOf.set(types, [...(subpathsOf.get(types) ?? []), subpath]);
  }
  return subpathsOf;
}

/** @param {string} subpath `./core/nn` is `core-nn.api.md` */
const reportName = (subpath) =>
  `${subpath === "." ? "simdgrad" : subpath.slice(2).replaceAll("/", "-")}.api.md`;

/**
 * What api-extractor needs to know of one entry.
 * @param {string} surface
 * @param {string} entry
 * @param {string} name of the report
 * @param {string} folder for the reports
 */
const configOf = (surface, entry, name, folder) => ({
  packageJsonFullPath: join(surface, "package.json"),
  configObjectFullPath: undefined,
  configObject: {
    projectFolder: surface,
    mainEntryPointFilePath: entry,
    compiler: {
      overrideTsconfig: {
        compilerOptions: {
          target: "es2022",
          module: "esnext",
          moduleResolution: "bundler",
          lib: ["es2022", "esnext.disposable", "dom"],
          types: ["node"],
          typeRoots: [join(root, "node_modules/@types")],
          strict: true,
        },
        files: [entry],
      },
    },
    apiReport: {
      enabled: true,
      reportFileName: name,
      reportFolder: folder,
      reportTempFolder: join(folder, "temp"),
      // What a public type refers to is public too, exported or not.
      includeForgottenExports: true,
    },
    newlineKind: "lf",
    docModel: { enabled: false },
    dtsRollup: { enabled: false },
    tsdocMetadata: { enabled: false },
    messages: {
      compilerMessageReporting: { default: { logLevel: "warning" } },
      extractorMessageReporting: { default: { logLevel: "none" } },
      tsdocMessageReporting: { default: { logLevel: "none" } },
    },
  },
});

/**
 * @param {string} surface the package, outside of any node_modules: what is in there counts as somebody else's
 * @param {string} folder for the reports
 */
async function report(surface, folder) {
  const { CompilerState, Extractor, ExtractorConfig } = (await tool.load("@microsoft/api-extractor")).default;
  const configs = [...entries(surface)].map(([types, [subpath = ""]]) =>
    ExtractorConfig.prepare(configOf(surface, join(surface, types), reportName(subpath), folder)),
  );
  // One program for all of them: reading the types takes longer than reporting.
  const compilerState = CompilerState.create(configs[0], {
    additionalEntryPoints: configs.slice(1).map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
  });
  for (const config of configs) {
    const { errorCount } = Extractor.invoke(config, {
      compilerState,
      localBuild: true,
      /** @param {{ logLevel: string, handled: boolean, text: string }} message */
      messageCallback(message) {
        message.handled = true;
        if (message.logLevel === "error") console.error(message.text);
      },
    });
    if (errorCount > 0) throw new Error(`api-extractor cannot read ${config.mainEntryPointFilePath}`);
  }
  rmSync(join(folder, "temp"), { recursive: true, force: true });
  sayOnce(
    folder,
    configs.map(({ reportFileName, reportFilePath }) => reportFileName ?? basename(reportFilePath)),
  );
}

/**
 * Reports are long where they say the same: every subpath has the classes of tensors behind its own. What a subpath does not export itself stays
 * only in the first report that has it, and in none if another one exports it.
 * @param {string} folder
 * @param {string[]} names the package's own entry first
 */
function sayOnce(folder, names) {
  const blocksOf = new Map(
    names.map((name) => [name, readFileSync(join(folder, name), "utf8").split(/\n\n(?=\/\/ @)/)]),
  );
  /** @param {string} block */
  const bare = (block) => block.replace(/^export /m, "");
  const isExported = (/** @type {string} */ block) => /^export /m.test(block);
  const said = new Set([...blocksOf.values()].flat().filter(isExported).map(bare));
  for (const [name, [head = "", ...blocks]] of blocksOf) {
    const kept = blocks.filter((block) => {
      // The last one ends the fence.
      if (isExported(block) || block.includes("\n```")) return true;
      if (said.has(block)) return false;
      said.add(block);
      return true;
    });
    writeFileSync(join(folder, name), [head, ...kept].join("\n\n"));
  }
}

/** @param {string} folder */
const reportsIn = (folder) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => name.endsWith(".api.md"))
        .sort()
    : [];

/**
 * Two files as git shows how they differ.
 * @param {string} before
 * @param {string} after
 */
function difference(before, after) {
  try {
    execFileSync("git", ["diff", "--no-index", "--no-color", before, after], { encoding: "utf8" });
    return "";
  } catch (error) {
    return /** @type {{ stdout: string }} */ (error).stdout;
  }
}

async function main() {
  await tool.ready();
  const { installed, project } = await packAndInstall();
  const work = join(project, `surface.${process.pid}`);
  const [surface, found] = [join(work, "simdgrad"), join(work, "api")];
  try {
    cpSync(installed, surface, { recursive: true });
    mkdirSync(found);
    await report(surface, found);
    const names = reportsIn(found);
    if (!process.argv.includes("--check")) {
      for (const name of reportsIn(ACCEPTED)) if (!names.includes(name)) rmSync(join(ACCEPTED, name));
      mkdirSync(ACCEPTED, { recursive: true });
      for (const name of names) writeFileSync(join(ACCEPTED, name), readFileSync(join(found, name)));
      console.log(`api/: ${names.length} reports of the public surface`);
      return;
    }
    const changed = [...new Set([...names, ...reportsIn(ACCEPTED)])]
      .map((name) => {
        const [before, after] = [join(ACCEPTED, name), join(found, name)];
        if (!existsSync(before)) return `api/${name} is missing\n`;
        if (!existsSync(after)) return `api/${name} is of a subpath that is gone\n`;
        return difference(before, after);
      })
      .filter(Boolean);
    if (changed.length === 0) return;
    console.error(changed.join("\n"));
    console.error("The public surface is not what api/ says. If that is on purpose: npm run api");
    process.exitCode = 1;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

await main();
