import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { FAMILIES } from "./workloads/index.mjs";

export const USAGE = `npm run bench -- [options]

  --only a,b        workloads: ${FAMILIES.join(", ")}, startup, sizes (default: all)
  --contenders a,b  only those whose name contains one of these words (simdgrad and the peak always run)
  --rounds n        rounds of fresh processes (default 3)
  --quick           one short round, to see that all works; no figures to quote
  --cpu             count processor time instead of wall time, to work on a busy machine; no figures to quote
  --node x          run the JavaScript contenders under another Node: 22, 24 (installed into bench/nodes) or a path
  --against path    another build's dist/node/index.js as one more contender; may be repeated
  --out folder      where the table and the JSON go (default out/bench)
  --write page      also writes a page in Markdown, such as docs/benchmarks.md; its last part, by hand, is kept
  --from json       no run: the report, or with --write the page, of an earlier one's JSON; may be repeated
  --help`;

const EXTRAS = ["startup", "sizes"];

export class UsageError extends Error {}

/** @param {string | undefined} text */
const words = (text) =>
  text
    ?.split(",")
    .map((word) => word.trim())
    .filter(Boolean) ?? null;

/** @param {string[]} argv */
function parse(argv) {
  try {
    return parseArgs({
      args: argv,
      options: {
        only: { type: "string" },
        contenders: { type: "string" },
        rounds: { type: "string" },
        quick: { type: "boolean", default: false },
        cpu: { type: "boolean", default: false },
        node: { type: "string" },
        against: { type: "string", multiple: true, default: [] },
        out: { type: "string" },
        write: { type: "string" },
        from: { type: "string", multiple: true, default: [] },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @param {string} path */
function checkBundle(path) {
  const bundle = resolve(path);
  if (!existsSync(bundle) || !bundle.endsWith("node/index.js")) {
    throw new UsageError(`--against takes the path of another build's dist/node/index.js, got "${path}"`);
  }
  return bundle;
}

/** @param {string[]} argv */
export function readOptions(argv) {
  const values = parse(argv);
  const { quick } = values;
  const rounds = values.rounds === undefined ? (quick ? 1 : 3) : Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new UsageError(`--rounds takes a whole number ≥ 1, got "${values.rounds}"`);
  }
  const only = words(values.only) ?? [...FAMILIES, ...EXTRAS];
  const unknown = only.filter((name) => !FAMILIES.includes(name) && !EXTRAS.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(
      `--only: no ${unknown.join(", ")}; there are ${[...FAMILIES, ...EXTRAS].join(", ")}`,
    );
  }
  return {
    families: FAMILIES.filter((name) => only.includes(name)),
    startup: only.includes("startup"),
    sizes: only.includes("sizes"),
    contenders: words(values.contenders),
    quick,
    pace: quick ? { rounds, slices: 4, warm: 0.3, slice: 0.05 } : { rounds, slices: 8, warm: 1, slice: 0.12 },
    cpu: values.cpu,
    node: values.node ?? null,
    against: values.against.map(checkBundle),
    out:
      values.out === undefined
        ? fileURLToPath(new URL("../out/bench", import.meta.url))
        : resolve(values.out),
    write: values.write === undefined ? null : resolve(values.write),
    from: values.from.map((path) => resolve(path)),
    help: values.help,
  };
}

/** @typedef {ReturnType<typeof readOptions>} Options */
