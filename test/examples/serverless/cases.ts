/** What every one of the services must say to what is posted, as data. */

export interface Refusal {
  readonly name: string;
  /** Default: POST. */
  readonly method?: string;
  /** Default: /classify. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly status: number;
  /** What the problem's fields must be. */
  readonly rule: RegExp;
  readonly value?: unknown;
  /** Headers that the answer must have. */
  readonly answer?: Readonly<Record<string, string>>;
}

const AREA = 784;
const json = { "content-type": "application/json" };
const bytes = { "content-type": "application/octet-stream" };
const png = { "content-type": "image/png" };

const numbers = (change: (list: unknown[]) => void, length = AREA): string => {
  const list: unknown[] = Array.from({ length }, () => 0);
  change(list);
  // What JSON cannot say is put in as text.
  return JSON.stringify(list).replace(/"raw:(.*?)"/g, "$1");
};

export const refusals: readonly Refusal[] = [
  { name: "another route", path: "/digits", status: 404, rule: /^the routes are /, value: "/digits" },
  {
    name: "another method",
    method: "PUT",
    body: "x",
    status: 405,
    rule: /takes POST/,
    value: "PUT",
    answer: { allow: "POST" },
  },
  {
    name: "a body too long",
    headers: bytes,
    body: new Uint8Array(700_000),
    status: 413,
    rule: /a body may have \d+ bytes/,
  },
  {
    name: "no type",
    body: new Uint8Array(AREA),
    status: 415,
    rule: /Content-Type must be one of/,
    value: null,
  },
  {
    name: "another type",
    headers: { "content-type": "text/csv" },
    body: "0,0",
    status: 415,
    rule: /Content-Type must be one of/,
    value: "text/csv",
  },
  {
    name: "a packed body",
    headers: { ...json, "content-encoding": "gzip" },
    body: "[]",
    status: 415,
    rule: /without a Content-Encoding/,
    value: "gzip",
  },
  { name: "broken JSON", headers: json, body: "[0, 0", status: 400, rule: /must be JSON/ },
  {
    name: "NaN",
    headers: json,
    body: numbers((list) => (list[5] = "raw:NaN")),
    status: 400,
    rule: /must be JSON/,
  },
  {
    name: "text that is not UTF-8",
    headers: json,
    body: Uint8Array.of(0x22, 0xff, 0x22),
    status: 400,
    rule: /must be JSON in UTF-8/,
  },
  { name: "no body", headers: json, body: "", status: 400, rule: /must be JSON/ },
  {
    name: "an object",
    headers: json,
    body: '{"pixels":[]}',
    status: 422,
    rule: /must be a list of 784 numbers/,
    value: "an object",
  },
  {
    name: "a text",
    headers: json,
    body: '"seven"',
    status: 422,
    rule: /must be a list of 784 numbers/,
    value: 'the text "seven"',
  },
  {
    name: "null",
    headers: json,
    body: "null",
    status: 422,
    rule: /must be a list of 784 numbers/,
    value: "null",
  },
  {
    name: "too few numbers",
    headers: json,
    body: numbers(() => undefined, 783),
    status: 422,
    rule: /the list must have 784 numbers/,
    value: 783,
  },
  {
    name: "too many numbers",
    headers: json,
    body: numbers(() => undefined, 785),
    status: 422,
    rule: /the list must have 784 numbers/,
    value: 785,
  },
  {
    name: "a negative number",
    headers: json,
    body: numbers((list) => (list[3] = -1)),
    status: 422,
    rule: /^\[3\] must be a number from 0/,
    value: "-1",
  },
  {
    name: "a number too large",
    headers: json,
    body: numbers((list) => (list[783] = 256)),
    status: 422,
    rule: /^\[783\] must be/,
    value: "256",
  },
  {
    name: "infinity",
    headers: json,
    body: numbers((list) => (list[0] = "raw:1e999")),
    status: 422,
    rule: /^\[0\] must be/,
    value: "Infinity",
  },
  {
    name: "null among the numbers",
    headers: json,
    body: numbers((list) => (list[9] = null)),
    status: 422,
    rule: /^\[9\] must be/,
    value: "null",
  },
  {
    name: "a text among the numbers",
    headers: json,
    body: numbers((list) => (list[9] = "1")),
    status: 422,
    rule: /^\[9\] must be/,
    value: 'the text "1"',
  },
  {
    name: "no digit at all",
    headers: json,
    body: "[]",
    status: 422,
    rule: /a request brings 1 to \d+ digits/,
    value: 0,
  },
  {
    name: "more digits than it takes",
    headers: bytes,
    body: new Uint8Array(33 * AREA),
    status: 422,
    rule: /a request brings 1 to \d+ digits/,
    value: 33,
  },
  {
    name: "a short digit in a batch",
    headers: json,
    body: `[${numbers(() => undefined)},[0]]`,
    status: 422,
    rule: /^list \[1\] must have 784/,
    value: 1,
  },
  {
    name: "a wrong number in a batch",
    headers: json,
    body: `[${numbers(() => undefined)},${numbers((list) => (list[2] = true))}]`,
    status: 422,
    rule: /^\[1\]\[2\] must be/,
    value: "true",
  },
  {
    name: "bytes that are no whole digits",
    headers: bytes,
    body: new Uint8Array(783),
    status: 422,
    rule: /a digit is 784 bytes/,
    value: 783,
  },
  {
    name: "no bytes",
    headers: bytes,
    body: new Uint8Array(0),
    status: 422,
    rule: /a digit is 784 bytes/,
    value: 0,
  },
  {
    name: "a PNG that is none",
    headers: png,
    body: new Uint8Array(AREA),
    status: 400,
    rule: /a PNG starts with its signature/,
  },
];
