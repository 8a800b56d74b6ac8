/** As much of W3C WebDriver as is needed here: https://www.w3.org/TR/webdriver2/ */

/**
 * @param {string} base address of the driver
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
async function command(base, method, path, body) {
  const response = await fetch(base + path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
  return value;
}

/**
 * @param {string} base
 * @param {Record<string, unknown>} capabilities
 */
export async function openSession(base, capabilities) {
  const { sessionId, capabilities: got } = await command(base, "POST", "/session", {
    capabilities: { alwaysMatch: capabilities },
  });
  const session = `/session/${sessionId}`;
  return {
    /** @type {string} */
    version: got.browserVersion,
    /** @param {string} url */
    open: (url) => command(base, "POST", `${session}/url`, { url }),
    /** @param {string} script the body of a function */
    evaluate: (script) => command(base, "POST", `${session}/execute/sync`, { script, args: [] }),
    close: () => command(base, "DELETE", session),
  };
}
