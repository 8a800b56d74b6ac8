import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
/** @import { Entry } from "../types.d.ts" */

/** What a contender answers when it cannot: its own words. */
export class ContenderError extends Error {}

/** The parent's end of a contender's process. A crash or silence is an error of that contender, not of the run. */
export class Worker {
  /** @type {((reply: any) => void) | null} */
  #waiting = null;
  #complaints = "";
  /** @type {string | null} */
  #dead = null;

  /** @param {Entry} entry */
  constructor({ command, args, env }) {
    this.child = spawn(command, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    this.child.stdin.on("error", () => {}); // it has ended: "exit" tells
    this.child.stderr.on("data", (text) => (this.#complaints = (this.#complaints + text).slice(-2000)));
    this.child.on("error", (error) => this.#end(error.message));
    this.child.on("exit", (code, signal) =>
      this.#end(`ended by ${signal ?? `code ${code}`}${this.#lastWords()}`),
    );
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) this.#settle(JSON.parse(line));
    });
  }

  #lastWords() {
    const lines = this.#complaints.trim().split("\n").filter(Boolean);
    const last = lines.filter((line) => /^\w*(Error|Exception)\b/.test(line)).at(-1) ?? lines.at(-1);
    return last === undefined ? "" : `: ${last}`;
  }

  /** @param {unknown} reply */
  #settle(reply) {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.(reply);
  }

  /** @param {string} reason */
  #end(reason) {
    this.#dead ??= reason;
    this.#settle({ error: this.#dead });
  }

  /**
   * One request at a time.
   * @param {object} request
   * @param {number} [patience] seconds until it is given up
   * @returns {Promise<any>}
   */
  async ask(request, patience = 180) {
    if (this.#dead !== null) throw new ContenderError(this.#dead);
    const timer = setTimeout(() => {
      this.#end(`no answer within ${patience} s`);
      this.child.kill("SIGKILL");
    }, patience * 1000);
    /** @type {any} */
    const reply = await new Promise((resolve) => {
      this.#waiting = resolve;
      this.child.stdin.write(`${JSON.stringify(request)}\n`);
    });
    clearTimeout(timer);
    if (reply.error !== undefined) throw new ContenderError(reply.error);
    return reply;
  }

  /** Lets it finish by itself; a process that hangs is killed. */
  async stop() {
    if (this.#dead !== null) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    const timer = setTimeout(() => this.child.kill("SIGKILL"), 2000);
    this.child.stdin.end();
    await ended;
    clearTimeout(timer);
  }
}
