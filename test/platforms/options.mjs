import { parseArgs } from "node:util";

const HELP = `npm run test:platforms -- [options]

Packs the library, installs the package into an empty folder, and runs one conformance program from there in every runtime. A runtime that
is missing fails the command.

  --only a,b             these runtimes, of: NAMES
  --allow-missing a,b    these may be missing: they count as skipped
  --tarball FILE         a package that has been packed, instead of one of dist/
  --write                write the matrix into docs/platforms.md
  --help`;

export class UsageError extends Error {}

/** @param {string[]} args @param {readonly string[]} names of the runtimes */
export function readOptions(args, names) {
  const { values } = (() => {
    try {
      return parseArgs({
        args,
        options: {
          only: { type: "string", multiple: true },
          "allow-missing": { type: "string", multiple: true },
          tarball: { type: "string" },
          write: { type: "boolean" },
          help: { type: "boolean" },
        },
      });
    } catch (error) {
      throw new UsageError(`${/** @type {Error} */ (error).message}; --help lists the options`);
    }
  })();
  /** @param {string} option @param {string[] | undefined} lists */
  const listed = (option, lists = []) => {
    const chosen = lists.flatMap((list) => list.split(","));
    const unknown = chosen.filter((name) => !names.includes(name));
    if (unknown.length > 0)
      throw new UsageError(`--${option}: no runtime ${unknown.join(", ")}; there are ${names.join(", ")}`);
    return chosen;
  };
  const only = listed("only", values.only);
  if (values.write && only.length > 0) throw new UsageError("--write needs all runtimes: leave out --only");
  return {
    help: values.help ? HELP.replace("NAMES", names.join(", ")) : null,
    chosen: only.length > 0 ? only : names,
    mayBeMissing: new Set(listed("allow-missing", values["allow-missing"])),
    tarball: values.tarball ?? null,
    write: values.write ?? false,
  };
}
