/** What the cells showed: a table for people, JSON for scripts/test-summary.mjs. */
import { readFileSync, writeFileSync } from "node:fs";
import prettier from "prettier";

/** @typedef {{ raw: number, gzip: number }} Size */

const kilobytes = (/** @type {number} */ bytes) => `${Math.round(bytes / 1000)} kB`;

class Row {
  /** @type {{ status: "passed" | "failed", title: string, why: string }[]} */
  tests = [];
  /** @type {Size | null} of all that the tool wrote */
  size = null;
  /** @type {Size | null} the same of a program that multiplies two matrices */
  few = null;
  /** @type {string | null} how they were started */
  threads = null;
  /** Why there are none, where there can be none. */
  threadsReason = "";

  /**
   * @param {string} name
   * @param {string} title
   * @param {string | null} version
   */
  constructor(name, title, version) {
    this.name = name;
    this.title = title;
    this.version = version;
  }

  /** @param {string} title */
  passes(title) {
    this.tests.push({ status: "passed", title, why: "" });
  }

  /**
   * @param {string} title
   * @param {string} why
   */
  fails(title, why) {
    this.tests.push({ status: "failed", title, why });
  }

  /** @param {string} title */
  cell(title) {
    const test = this.tests.find((test) => test.title === title);
    return test === undefined ? "–" : test.status === "passed" ? "yes" : "**no**";
  }

  cells() {
    const { size, few, version } = this;
    const says = this.tests.find((test) => test.title === "says what it lacks");
    return [
      this.title,
      version === null ? "missing" : version,
      this.cell("builds"),
      says ? (says.status === "passed" ? "says what it lacks" : "**no**") : this.cell("runs"),
      this.threads ?? (this.threadsReason || says ? "one" : this.cell("starts threads")),
      size ? kilobytes(size.raw) : "–",
      size ? kilobytes(size.gzip) : "–",
      few ? `${kilobytes(few.gzip)}, ${this.cell("leaves layers out") === "yes" ? "without" : "**with**"} nn` : "–",
    ];
  }
}

const HEAD = ["tool", "version", "builds", "same losses", "threads", "size", "gzip", "`tensor`, `matmul` alone, gzip"];

/** Where docs/bundlers.md has the table. */
const MARKS = ["<!-- npm run test:bundlers -- --next --write -->", "<!-- end -->"];

export class Report {
  /** @type {Row[]} */
  #rows = [];

  /**
   * @param {string} name
   * @param {string} title
   * @param {string | null} version
   */
  row(name, title, version) {
    const row = new Row(name, title, version);
    this.#rows.push(row);
    return row;
  }

  /** @param {string} name */
  said(name) {
    const tests = this.#rows.filter((row) => row.name === name).flatMap((row) => row.tests);
    return tests.map(({ status, title, why }) => (status === "passed" ? title : `FAILED ${title}: ${why}`)).join(", ");
  }

  table() {
    const rows = [HEAD, HEAD.map(() => "---"), ...this.#rows.map((row) => row.cells())];
    return rows.map((row) => `| ${row.join(" | ")} |`).join("\n");
  }

  /** @param {string} file */
  save(file) {
    const testResults = this.#rows.map(({ name, title, tests }) => ({
      name: `test/bundlers/${name}`,
      status: tests.length > 0 && tests.every(({ status }) => status === "passed") ? "passed" : "failed",
      message: "",
      assertionResults: tests.map((test) => ({
        status: test.status,
        fullName: `${title} ${test.title}`,
        failureMessages: test.why ? [test.why] : [],
      })),
    }));
    writeFileSync(file, JSON.stringify({ testResults }, null, 2));
  }

  /** @param {string} file */
  async write(file) {
    const page = readFileSync(file, "utf8");
    const [from, to] = MARKS.map((mark) => page.indexOf(mark));
    if (from === undefined || to === undefined || from < 0 || to < from) throw new Error(`${file} has no place for the table`);
    const text = `${page.slice(0, from + (MARKS[0]?.length ?? 0))}\n\n${this.table()}\n\n${page.slice(to)}`;
    const style = await prettier.resolveConfig(file);
    writeFileSync(file, await prettier.format(text, { ...style, parser: "markdown" }));
  }

  /** @returns {boolean} whether all is well */
  summary() {
    const tests = this.#rows.flatMap((row) => row.tests.map((test) => ({ ...test, row })));
    const failed = tests.filter((test) => test.status === "failed");
    for (const { row, title, why } of failed) console.log(`failed: ${row.title} ${title}\n  ${why.slice(0, 500)}`);
    console.log(`${tests.length - failed.length} passed, ${failed.length} failed`);
    return failed.length === 0 && tests.length > 0;
  }
}
