/** The service as hosts with fetch have it: a Request comes in, a Response goes out. */
import { memory } from "simdgrad";
import { Problem } from "./problem.js";
import { checkLength, readerOf } from "./read.js";

/**
 * @param {Request} request
 * @param {import("./classifier.js").Classifier} classifier
 * @param {import("./read.js").Limits} limits
 * @returns {Promise<Response>}
 */
export async function respond(request, classifier, limits) {
  try {
    return Response.json(await answerTo(request, classifier, limits));
  } catch (error) {
    const { status, body, headers } = error instanceof Problem ? error : failure(error);
    return new Response(request.method === "HEAD" ? null : JSON.stringify(body), { status, headers });
  }
}

/** @type {Readonly<Record<string, readonly string[]>>} */
const ROUTES = { "/classify": ["POST"], "/stats": ["GET"] };

/**
 * @param {Request} request
 * @param {import("./classifier.js").Classifier} classifier
 * @param {import("./read.js").Limits} limits
 */
async function answerTo(request, classifier, limits) {
  const { pathname: path } = new URL(request.url);
  const methods = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined;
  if (methods === undefined) {
    const rule = `the routes are ${Object.keys(ROUTES).join(", ")}`;
    throw new Problem(404, { rule, value: path, wayOut: "POST /classify" });
  }
  if (!methods.includes(request.method)) {
    const allow = methods.join(", ");
    const words = { rule: `${path} takes ${allow}`, value: request.method, wayOut: `use ${allow}` };
    throw new Problem(405, words, { allow });
  }
  if (path === "/classify") return classifyPosted(request, classifier, limits);
  const { live, reserved, tensors } = memory();
  return { memory: { live, reserved, tensors } };
}

/**
 * @param {Request} request
 * @param {import("./classifier.js").Classifier} classifier
 * @param {import("./read.js").Limits} limits
 */
async function classifyPosted(request, classifier, limits) {
  const read = readerOf(request.headers.get("content-type"), request.headers.get("content-encoding"));
  const bytes = await readBody(request, limits);
  const started = performance.now();
  const { ink, count, batch } = read(bytes, limits);
  const answers = classifier.classify(ink, count);
  const ms = Math.round((performance.now() - started) * 1000) / 1000;
  return batch ? { answers, ms } : { ...answers[0], ms };
}

/**
 * The body, given up as soon as it is too long, whatever its Content-Length says.
 * @param {Request} request
 * @param {import("./read.js").Limits} limits
 */
async function readBody(request, limits) {
  checkLength(Number(request.headers.get("content-length") ?? 0), limits);
  if (request.body === null) return new Uint8Array(0);
  const chunks = [];
  let length = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > limits.bytes) await reader.cancel();
    checkLength(length, limits);
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** @param {unknown} error */
function failure(error) {
  console.error(error);
  const words = {
    rule: "every request that is read has an answer",
    value: null,
    wayOut: "see the server's log",
  };
  return new Problem(500, words);
}
