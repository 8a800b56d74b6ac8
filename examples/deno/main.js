/** Run by: deno run --allow-net --allow-read=. --allow-env=PORT,SIMDGRAD_DETERMINISTIC,SIMDGRAD_THREADS main.js */
import { createClassifier } from "./digits/classifier.js";
import { respond } from "./digits/fetch.js";

const limits = { digits: 32, bytes: 32 * 784 * 21 };
const file = Deno.readFileSync(new URL("model.safetensors", import.meta.url));
const classifier = createClassifier(file, { name: "model.safetensors", most: limits.digits });

const server = Deno.serve(
  {
    hostname: "127.0.0.1",
    port: Number(Deno.env.get("PORT") ?? 8080),
    onListen: ({ hostname, port }) => console.log(`listening on http://${hostname}:${port}`),
  },
  (request) => respond(request, classifier, limits),
);

/** Answers what is under way, takes nothing new, and ends. */
const shutDown = () => void server.shutdown();
Deno.addSignalListener("SIGTERM", shutDown);
Deno.addSignalListener("SIGINT", shutDown);
await server.finished;
console.log("drained");
