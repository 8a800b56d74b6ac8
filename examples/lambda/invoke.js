/**
 * Calls the handler as Lambda would: `node invoke.js [file]`. A .json file is posted as it is, a .png and anything else as bytes; without a
 * file it is a drawn 1. Prints the cold start, and what later calls take.
 */
import { readFileSync } from "node:fs";

/** A stroke down the middle, three pixels wide. */
const one = Uint8Array.from({ length: 784 }, (_, i) => {
  const [x, y] = [i % 28, Math.floor(i / 28)];
  return x >= 13 && x <= 15 && y >= 5 && y <= 22 ? 255 : 0;
});

const file = process.argv[2];
const body = file === undefined ? one : readFileSync(file);
const type = file?.endsWith(".json")
  ? "application/json"
  : file?.endsWith(".png")
    ? "image/png"
    : "application/octet-stream";

/** What API Gateway sends: bytes in base64. */
const event = {
  version: "2.0",
  routeKey: "$default",
  rawPath: "/classify",
  rawQueryString: "",
  headers: { "content-type": type, "content-length": String(body.length) },
  requestContext: { stage: "$default", http: { method: "POST", path: "/classify", protocol: "HTTP/1.1" } },
  body: Buffer.from(body).toString("base64"),
  isBase64Encoded: true,
};

const started = performance.now();
const { handler } = await import("./handler.js");
const loaded = performance.now();
const { statusCode, body: answer } = await handler(event);
const first = performance.now();
const CALLS = 1000;
for (let i = 0; i < CALLS; i++) await handler(event);
const last = performance.now();

console.log(statusCode, answer);
console.error(
  `loading the handler ${(loaded - started).toFixed(0)} ms, first call ${(first - loaded).toFixed(1)} ms, ` +
    `then ${((last - first) / CALLS).toFixed(2)} ms each`,
);
if (statusCode !== 200) process.exitCode = 1;
