/** For pages: the server gets the report, or what went wrong. */

/** @type {string[]} */
const trouble = [];
/** @param {unknown[]} values */
const words = (values) =>
  values.map((value) => (value instanceof Error && value.stack) || String(value)).join(" ");
for (const level of /** @type {const} */ (["warn", "error"])) {
  const say = console[level];
  console[level] = (/** @type {unknown[]} */ ...values) => {
    trouble.push(words(values));
    say.apply(console, values);
  };
}
globalThis.addEventListener("error", ({ message }) => trouble.push(message));
globalThis.addEventListener("unhandledrejection", ({ reason }) => trouble.push(words([reason])));

/** @param {object} outcome */
const tell = (outcome) =>
  fetch("/outcome", { method: "POST", body: JSON.stringify({ ...outcome, trouble }) });

try {
  // Not before there is somebody who hears of what goes wrong.
  const { conform } = await import("./conformance.js");
  const scope = new URL(globalThis.location.href).searchParams.get("scope");
  await tell({ report: await conform(scope === "short" ? "short" : "all") });
} catch (error) {
  await tell({ error: words([error]) });
}

export {};
