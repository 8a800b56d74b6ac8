/** For pages: `outcome` is the report, or what went wrong, once it is known. */
const trouble = [];
const words = (values) => values.map((value) => value?.stack ?? String(value)).join(" ");
for (const level of ["warn", "error"]) {
  const say = console[level];
  console[level] = (...values) => {
    trouble.push(words(values));
    say.apply(console, values);
  };
}
addEventListener("error", ({ message }) => trouble.push(message));
addEventListener("unhandledrejection", ({ reason }) => trouble.push(words([reason])));

try {
  const { conform } = await import("./conformance.js");
  const scope = new URL(location.href).searchParams.get("scope") ?? "all";
  globalThis.outcome = JSON.stringify({ report: await conform(scope), trouble });
} catch (error) {
  globalThis.outcome = JSON.stringify({ error: words([error]), trouble });
}
