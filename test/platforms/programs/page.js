/** For pages: the server gets the report, or what went wrong. */
const trouble = [];
const words = (values) => values.map((value) => value?.stack ?? String(value)).join(" ");
for (const level of ["warn", "error"]) {
  const say = console[level];
  console[level] = (...values) => {
    trouble.push(words(values));
    say.apply(console, values);
  };
}
globalThis.addEventListener("error", ({ message }) => trouble.push(message));
globalThis.addEventListener("unhandledrejection", ({ reason }) => trouble.push(words([reason])));

const tell = (outcome) =>
  fetch("/outcome", { method: "POST", body: JSON.stringify({ ...outcome, trouble }) });

try {
  const { conform } = await import("./conformance.js");
  await tell({ report: await conform(new URL(globalThis.location.href).searchParams.get("scope")) });
} catch (error) {
  await tell({ error: words([error]) });
}
