/** An AWS Lambda function behind an HTTP API or a function URL (payload format 2.0). */
import { readFileSync } from "node:fs";
import { createClassifier } from "./digits/classifier.js";
import { respond } from "./digits/fetch.js";

/** A payload may have 6 MB, and base64 makes bytes a third longer: this is far below. */
const limits = { digits: 32, bytes: 32 * 784 * 21 };

// Outside of the handler: it is part of the cold start, and done once for all requests of the instance.
const path = new URL("model.safetensors", import.meta.url);
const classifier = createClassifier(new Uint8Array(readFileSync(path)), {
  name: "model.safetensors",
  most: limits.digits,
});

/**
 * What is read of an event in payload format 2.0.
 * @typedef {object} HttpEvent
 * @property {string} rawPath
 * @property {string} [rawQueryString]
 * @property {Record<string, string | undefined>} headers
 * @property {string} [body]
 * @property {boolean} isBase64Encoded
 * @property {{ stage?: string, http: { method: string } }} requestContext
 */

/**
 * @param {HttpEvent} event
 * @returns {Promise<{ statusCode: number, headers: Record<string, string>, body: string }>}
 */
export async function handler(event) {
  const response = await respond(requestOf(event), classifier, limits);
  return {
    statusCode: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}

/** @param {HttpEvent["headers"]} from */
function headersOf(from) {
  const headers = new Headers();
  for (const [name, value] of Object.entries(from)) if (value !== undefined) headers.set(name, value);
  return headers;
}

/** @param {HttpEvent} event */
function requestOf({ rawPath, headers, body, isBase64Encoded, requestContext: { stage, http } }) {
  // A stage other than $default leads the path.
  const prefix = `/${stage ?? "$default"}/`;
  const path = rawPath.startsWith(prefix) ? rawPath.slice(prefix.length - 1) : rawPath;
  const bytes = Buffer.from(body ?? "", isBase64Encoded ? "base64" : "utf8");
  return new Request(new URL(path, "https://lambda.invalid"), {
    method: http.method,
    headers: headersOf(headers),
    // fetch's GET and HEAD have no body.
    ...(bytes.length > 0 && !["GET", "HEAD"].includes(http.method) ? { body: bytes } : {}),
  });
}
