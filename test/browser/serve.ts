import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { createServer as createVite, type ViteDevServer } from "vite";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Served {
  /** Without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

/** A Vite server on a free port of the loopback interface. */
export async function serveVite(config: { root: string; configFile?: string }): Promise<Served> {
  const server: ViteDevServer = await createVite({
    configFile: false,
    ...config,
    // A dependency that is bundled on the way would reload the page.
    ...(config.configFile === undefined ? { optimizeDeps: { noDiscovery: true, include: [] } } : {}),
    logLevel: "error",
    server: { host: "127.0.0.1", port: 0, watch: null },
  });
  await server.listen();
  const { port } = server.httpServer?.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

/** Hands out files below a folder as they are, each with these headers, but for the missing ones. */
export async function serveFiles(
  folder: string,
  headers: Readonly<Record<string, string>> = {},
  missing: readonly string[] = [],
): Promise<Served> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const send = (status: number, body: Uint8Array | string): void => {
      response.writeHead(status, {
        "content-type": TYPES[extname(pathname)] ?? "application/octet-stream",
        ...headers,
      });
      response.end(body);
    };
    if (missing.includes(pathname)) {
      send(404, "not found");
      return;
    }
    // A URL's path has no ".." left.
    readFile(`${folder}/${pathname}`).then(
      (body) => send(200, body),
      () => send(404, "not found"),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Everything that goes wrong in a page from now on, in words. */
export function troubleOf(page: Page): string[] {
  const trouble: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") trouble.push(message.text());
  });
  page.on("pageerror", (error) => trouble.push(error.stack ?? error.message));
  page.on("requestfailed", (request) => trouble.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("response", (response) => {
    if (response.status() >= 400) trouble.push(`${response.url()}: ${response.status()}`);
  });
  return trouble;
}
