/** HTTP to the events of API Gateway (payload format 2.0) and back, for a handler by its path. */
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const { handler } = await import(pathToFileURL(process.argv[2] ?? "").href);

const server = createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const url = new URL(request.url ?? "/", "http://localhost");
  const { statusCode, headers, body } = await handler({
    version: "2.0",
    // With a stage, as API Gateway has it where there are several.
    rawPath: `/live${url.pathname}`,
    rawQueryString: url.search.slice(1),
    headers: request.headers,
    requestContext: { stage: "live", http: { method: request.method, path: url.pathname } },
    body: Buffer.concat(chunks).toString("base64"),
    isBase64Encoded: true,
  });
  response.writeHead(statusCode, headers).end(body);
});
server.listen(0, "127.0.0.1", () => {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  console.log(`listening on http://127.0.0.1:${port}`);
});
