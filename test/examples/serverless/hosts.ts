/** The example services, each started from what a user would install: the packed library in a project of its own. */
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installExample } from "../../../examples/install.mjs";
import { ensureDependencies } from "../../../scripts/ensure.mjs";

export const root = fileURLToPath(new URL("../../..", import.meta.url));

export interface Service {
  /** Without a slash at its end. */
  readonly url: string;
  /** What it printed so far. */
  said(): string;
  /** Asks it to end; resolves to its exit code. */
  stop(): Promise<number | null>;
}

/** Runs a program that says where it listens. */
export function start(
  program: string,
  words: readonly string[],
  options: { cwd: string; env?: Readonly<Record<string, string>> },
): Promise<Service> {
  const child = spawn(program, words, {
    cwd: options.cwd,
    env: { ...process.env, NODE_OPTIONS: "", PORT: "0", ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const stop = (): Promise<number | null> => {
    child.kill("SIGTERM");
    return ended;
  };
  return new Promise((resolve, reject) => {
    const hear = (text: string): void => {
      said += text;
      const url = /listening (?:on|at) (http:\/\/127\.0\.0\.1:\d+)/i.exec(said)?.[1];
      if (url !== undefined) resolve({ url, said: () => said, stop });
    };
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.once("error", reject);
    void ended.then((code) => reject(new Error(`it ended with ${code} before it listened:\n${said}`)));
  });
}

/** A Node that wrangler runs under. */
export async function nodeForWrangler(): Promise<string> {
  if (Number(process.versions.node.split(".")[0]) >= 22) return process.execPath;
  const nodes = join(root, "bench/nodes");
  await ensureDependencies(nodes);
  return join(nodes, "node_modules/node-24/bin/node");
}

export const startNodeServer = async (env: Readonly<Record<string, string>> = {}): Promise<Service> =>
  start(process.execPath, ["server.js"], { cwd: await installExample("node-server"), env });

async function startLambda(): Promise<Service> {
  const folder = await installExample("lambda");
  const gateway = fileURLToPath(new URL("gateway.mjs", import.meta.url));
  return start(process.execPath, [gateway, join(folder, "handler.js")], { cwd: folder });
}

async function startDeno(): Promise<Service> {
  const folder = await installExample("deno");
  // The program itself: the one in .bin would not pass signals on.
  const builds = join(folder, "node_modules/@deno");
  const [build = ""] = readdirSync(builds);
  const rights = ["--allow-net=127.0.0.1", "--allow-read=.", "--allow-env"];
  return start(join(builds, build, "deno"), ["run", "--no-prompt", ...rights, "main.js"], { cwd: folder });
}

/** The parts of examples/cloudflare-worker/workerd.js. */
interface Workerd {
  bundle: (node: string) => Promise<string>;
  runWorkerd: (folder: string) => Promise<{ url: string; said(): string; stop(): Promise<void> }>;
}

async function startWorkerd(): Promise<Service> {
  const folder = await installExample("cloudflare-worker");
  const { bundle, runWorkerd } = (await import(join(folder, "workerd.js"))) as Workerd;
  const running = await runWorkerd(await bundle(await nodeForWrangler()));
  return { ...running, stop: () => running.stop().then(() => 0) };
}

/** By the names of their folders. */
export const services: Readonly<Record<string, () => Promise<Service>>> = {
  "node-server": startNodeServer,
  lambda: startLambda,
  deno: startDeno,
  "cloudflare-worker": startWorkerd,
};
