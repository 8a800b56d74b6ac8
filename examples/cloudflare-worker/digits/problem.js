/** What each status is called in an answer; those of the server's own come on top of the request's. */
const TITLES = /** @type {const} */ ({
  400: "The body cannot be read",
  404: "There is nothing here",
  405: "That method does nothing here",
  413: "The body is too large",
  415: "The body is of a type that is not read here",
  422: "The body is not a digit",
  500: "The server failed",
  503: "The server has no room",
});

/** @typedef {keyof typeof TITLES} Status */

/**
 * Why a request is refused: the rule, the value that breaks it, and the way out. It travels as JSON of the media type
 * application/problem+json (RFC 9457).
 */
export class Problem extends Error {
  /**
   * @param {Status} status
   * @param {{ rule: string, value: unknown, wayOut: string }} words
   * @param {Record<string, string>} [headers] what the answer says besides
   */
  constructor(status, { rule, value, wayOut }, headers = {}) {
    super(`${rule}, got ${JSON.stringify(value)} (${wayOut})`);
    this.name = "Problem";
    this.status = status;
    this.headers = { "content-type": "application/problem+json", ...headers };
    this.body = { status, title: TITLES[status], detail: this.message, rule, value, wayOut };
  }
}
