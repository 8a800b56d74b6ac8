import Fastify, { LogController } from "fastify";
import { memory } from "simdgrad";
import { QueueFull } from "./batcher.js";
import { Problem } from "./digits/problem.js";
import { checkLength, readerOf } from "./digits/read.js";

/** Per path, the methods it takes. */
const READ = ["GET", "HEAD"];
const ROUTES = { "/classify": ["POST"], "/healthz": READ, "/readyz": READ, "/stats": READ };
const PATHS = Object.keys(ROUTES).join(", ");

/**
 * The service. It is ready until `state.draining` says otherwise.
 * @param {object} parts
 * @param {import("./batcher.js").Batcher} parts.batcher
 * @param {import("./digits/read.js").Limits} parts.limits
 * @param {string} parts.logLevel
 * @param {{ draining: boolean }} parts.state
 */
export function createApp({ batcher, limits, logLevel, state }) {
  const app = Fastify({
    bodyLimit: limits.bytes,
    requestTimeout: 30_000,
    // One line a request, below, in place of two.
    logController: new LogController({ disableRequestLogging: true }),
    logger: { level: logLevel },
    // While it drains, connections that stay open are answered, and told to go.
    return503OnClosing: false,
    forceCloseConnections: "idle",
  });

  // Bodies come as bytes whatever they are called; what they may be is digits/read.js's to say.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

  app.addHook("onResponse", (request, reply, done) => {
    const { method, url } = request;
    const level = reply.statusCode >= 500 ? "warn" : "info";
    request.log[level]({ method, url, status: reply.statusCode, ms: reply.elapsedTime }, "answered");
    done();
  });
  app.addHook("onSend", (_request, reply, _payload, done) => {
    if (state.draining) void reply.header("connection", "close");
    done();
  });

  app.post("/classify", {
    // Before the body is read.
    onRequest(request, _reply, done) {
      readerOf(request.headers["content-type"], request.headers["content-encoding"]);
      checkLength(Number(request.headers["content-length"] ?? 0), limits);
      done();
    },
    async handler(request) {
      const started = performance.now();
      const read = readerOf(request.headers["content-type"]);
      const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const { ink, count, batch } = read(bytes, limits);
      const answers = await batcher.classify(ink, count);
      const ms = Math.round((performance.now() - started) * 1000) / 1000;
      return batch ? { answers, ms } : { ...answers[0], ms };
    },
  });

  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", (_request, reply) => {
    if (!state.draining) return { status: "ready" };
    void reply.code(503);
    return { status: "draining" };
  });
  app.get("/stats", () => {
    const { live, reserved, tensors } = memory();
    const { rss, heapUsed } = process.memoryUsage();
    return {
      ...batcher.counts,
      waiting: batcher.waiting,
      rss,
      heapUsed,
      memory: { live, reserved, tensors },
    };
  });

  app.setNotFoundHandler((request) => {
    const path = request.url.split("?", 1)[0] ?? "";
    if (!Object.hasOwn(ROUTES, path))
      throw new Problem(404, { rule: `the routes are ${PATHS}`, value: path, wayOut: "POST /classify" });
    const allow = ROUTES[/** @type {keyof typeof ROUTES} */ (path)].join(", ");
    const words = { rule: `${path} takes ${allow}`, value: request.method, wayOut: `use ${allow}` };
    throw new Problem(405, words, { allow });
  });

  app.setErrorHandler((error, request, reply) => {
    const { status, headers, body } = problemOf(error, limits);
    if (status === 500) request.log.error(error);
    // Sent as text: the body is JSON under a media type of its own.
    return reply.code(status).headers(headers).serializer(String).send(JSON.stringify(body));
  });
  return app;
}

/**
 * @param {unknown} error
 * @param {import("./digits/read.js").Limits} limits
 */
function problemOf(error, limits) {
  if (error instanceof Problem) return error;
  if (error instanceof QueueFull) {
    const words = {
      rule: `${error.most} digits may wait`,
      value: error.waiting,
      wayOut: "try again in a second",
    };
    return new Problem(503, words, { "retry-after": "1" });
  }
  const { code, statusCode, message } =
    /** @type {{ code?: string, statusCode?: number, message?: string }} */ (error);
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new Problem(413, {
      rule: `a body may have ${limits.bytes} bytes`,
      value: "more",
      wayOut: `send at most ${limits.digits} digits at once`,
    });
  }
  if (statusCode !== undefined && statusCode < 500) {
    return new Problem(400, {
      rule: "the request must be HTTP",
      value: message ?? "",
      wayOut: "send it whole",
    });
  }
  const words = {
    rule: "every request that is read has an answer",
    value: null,
    wayOut: "see the server's log",
  };
  return new Problem(500, words);
}
