import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { text } from "node:stream/consumers";

/** @type {Record<string, string>} */
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json" };

export const ISOLATION = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/**
 * Addresses of a package's entries, as a person would write them into an import map.
 * @param {string} folder
 * @param {string} name
 */
function addresses(folder, name) {
  const { exports } = JSON.parse(readFileSync(join(folder, "node_modules", name, "package.json"), "utf8"));
  return Object.entries(exports).flatMap(([subpath, target]) => {
    const file = typeof target === "string" ? target : (target.browser ?? target.default);
    return file.endsWith(".js") ? [[name + subpath.slice(1), `/node_modules/${name}/${file.slice(2)}`]] : [];
  });
}

/** @param {string} folder */
const page = (folder) => `<!doctype html>
<meta charset="utf-8" />
<title>conformance</title>
<link rel="icon" href="data:," />
<script type="importmap">${JSON.stringify({
  imports: Object.fromEntries(["simdgrad", "simdgrad-copy"].flatMap((name) => addresses(folder, name))),
})}</script>
<script type="module" src="/page.js"></script>
`;

/**
 * Serves the folder where the package is installed as it is: no bundler. `/` is the page, which posts its outcome.
 * @param {string} folder
 * @param {Record<string, string>} headers
 */
export async function serve(folder, headers) {
  const html = page(folder);
  /** @type {(outcome: string) => void} */
  let tell = () => undefined;
  /** @type {Promise<string>} */
  const outcome = new Promise((resolve) => (tell = resolve));
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    /** @param {number} status @param {string | Uint8Array} body @param {string} [type] */
    const send = (status, body, type) => {
      response.writeHead(status, { "content-type": type ?? "application/octet-stream", ...headers });
      response.end(body);
    };
    if (request.method === "POST") {
      text(request).then((body) => {
        send(204, "");
        tell(body);
      }, tell);
    } else if (pathname === "/") send(200, html, TYPES[".html"]);
    else {
      // A URL's path has no ".." left.
      readFile(join(folder, pathname)).then(
        (body) => send(200, body, TYPES[extname(pathname)]),
        () => send(404, "not found", "text/plain"),
      );
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}`, outcome, close };
}
