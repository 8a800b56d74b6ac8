/** Programs that are run: what they print, and why they failed. */
import { spawn } from "node:child_process";

/** Colours would have to be taken out again; nothing may be asked or reported home. */
const QUIET = { NO_COLOR: "1", FORCE_COLOR: "0", CI: "1", DO_NOT_TRACK: "1", NEXT_TELEMETRY_DISABLED: "1" };

/** What npm tells the scripts that it runs would change the npm that these run. */
const env = () => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name))),
  ...QUIET,
  WRANGLER_SEND_METRICS: "false",
});

/** Milliseconds after which a program hangs. */
const LIMIT = 300_000;

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string }} options
 * @returns {Promise<string>} what it printed on its standard output
 */
export function execute(command, args, { cwd }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: env(), stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (err += chunk));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve(out);
      else reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? code}:\n${err}${out}`));
    });
  });
}

/**
 * Starts a server, which prints its address when it listens.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string }} options
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export function serve(command, args, { cwd }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: env(), stdio: ["ignore", "pipe", "pipe"], detached: true });
    let said = "";
    const timer = setTimeout(() => reject(new Error(`${command} does not listen:\n${said}`)), 60_000);
    const closed = new Promise((done) => child.on("close", done));
    /** It may have started others. */
    const close = async () => {
      if (child.exitCode === null && child.pid) process.kill(-child.pid, "SIGTERM");
      await closed;
    };
    /** @param {Buffer} chunk */
    const hear = (chunk) => {
      said += chunk;
      const [url] = /http:\/\/(127\.0\.0\.1|localhost):\d+/.exec(said) ?? [];
      if (!url) return;
      clearTimeout(timer);
      resolve({ url, close });
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`${command} ended with ${code}:\n${said}`)));
  });
}
