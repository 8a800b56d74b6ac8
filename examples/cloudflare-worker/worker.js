import file from "./model.safetensors";
import { createClassifier } from "./digits/classifier.js";
import { respond } from "./digits/fetch.js";

/** Small enough that reading the numbers of a full request stays far from the 10 ms of CPU time that a free plan gives. */
const limits = { digits: 8, bytes: 8 * 784 * 21 };

// At module level: it counts as starting, not as the first request, and every request of the isolate has it.
const classifier = createClassifier(new Uint8Array(file), { name: "model.safetensors", most: limits.digits });

export default {
  /** @param {Request} request */
  fetch: (request) => respond(request, classifier, limits),
};
