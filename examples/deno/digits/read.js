/** Reads what was posted and holds it to the rules; nothing that passes can make the network fail. */
import { readPng } from "./png.js";
import { Problem } from "./problem.js";

export const SIDE = 28;
export const AREA = SIDE * SIDE;

/**
 * @typedef {object} Digits
 * @property {Float32Array<ArrayBuffer>} ink from 0 for paper to 1 for ink, digit by digit, row by row
 * @property {number} count how many digits
 * @property {boolean} batch whether they came as a list, so that the answer is one
 */

/**
 * @typedef {object} Limits
 * @property {number} digits how many a request may bring
 * @property {number} bytes how long a body may be
 */

/** @typedef {(bytes: Uint8Array, limits: Limits) => Digits} Reader */

/** @type {Readonly<Record<string, Reader>>} */
const READERS = {
  "application/json": readJson,
  "application/octet-stream": readBytes,
  "image/png": (bytes) => ({ ink: readPng(bytes, SIDE), count: 1, batch: false }),
};

const TYPES = Object.keys(READERS).join(", ");

/**
 * The reader of a Content-Type; may be asked before the body is there.
 * @param {string | null | undefined} contentType
 * @param {string | null} [encoding] Content-Encoding
 * @returns {Reader}
 */
export function readerOf(contentType, encoding) {
  const type = (contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined;
  if (reader === undefined) {
    const words = {
      rule: `the Content-Type must be one of ${TYPES}`,
      value: contentType ?? null,
      wayOut: "name what the body is",
    };
    throw new Problem(415, words, { "accept-post": TYPES });
  }
  if (encoding && encoding.toLowerCase() !== "identity") {
    const words = {
      rule: "the body must come as it is, without a Content-Encoding",
      value: encoding,
      wayOut: "send it uncompressed",
    };
    throw new Problem(415, words, { "accept-encoding": "identity" });
  }
  return reader;
}

/**
 * @param {number} length of the body, or what is known of it
 * @param {Limits} limits
 */
export function checkLength(length, { bytes, digits }) {
  if (length > bytes) {
    throw new Problem(413, {
      rule: `a body may have ${bytes} bytes`,
      value: length,
      wayOut: `send at most ${digits} digits at once, as bytes if numbers take too much room`,
    });
  }
}

/**
 * @param {number} count
 * @param {Limits} limits
 */
function checkCount(count, { digits }) {
  if (count >= 1 && count <= digits) return;
  throw new Problem(422, {
    rule: `a request brings 1 to ${digits} digits`,
    value: count,
    wayOut: count === 0 ? "send at least one" : "send the others in further requests",
  });
}

/** @type {Reader} */
function readBytes(bytes, limits) {
  if (bytes.length === 0 || bytes.length % AREA !== 0) {
    throw new Problem(422, {
      rule: `a digit is ${AREA} bytes, ${SIDE} rows of ${SIDE}, and several follow each other`,
      value: bytes.length,
      wayOut: "send one byte a pixel, 0 for paper to 255 for ink",
    });
  }
  const count = bytes.length / AREA;
  checkCount(count, limits);
  return { ink: Float32Array.from(bytes, (value) => value / 255), count, batch: count > 1 };
}

/** @type {Reader} */
function readJson(bytes, limits) {
  const value = parse(bytes);
  if (!Array.isArray(value)) {
    throw new Problem(422, {
      rule: `the JSON must be a list of ${AREA} numbers, or a list of such lists`,
      value: kindOf(value),
      wayOut: "send the pixels themselves, row by row",
    });
  }
  const batch = value.length === 0 || Array.isArray(value[0]);
  /** @type {readonly unknown[]} */
  const digits = batch ? value : [value];
  checkCount(digits.length, limits);
  const ink = new Float32Array(digits.length * AREA);
  digits.forEach((digit, i) => {
    readNumbers(digit, batch ? `[${i}]` : "", ink.subarray(i * AREA, (i + 1) * AREA));
  });
  toInk(ink);
  return { ink, count: digits.length, batch };
}

/** @param {Uint8Array} bytes */
function parse(bytes) {
  try {
    return /** @type {unknown} */ (JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (error) {
    throw new Problem(400, {
      rule: "the body must be JSON in UTF-8",
      value: error instanceof Error ? error.message : String(error),
      wayOut: "JSON has no NaN, no Infinity, no comments and no comma at the end of a list",
    });
  }
}

/**
 * @param {unknown} digit
 * @param {string} where its place in the body
 * @param {Float32Array} to
 */
function readNumbers(digit, where, to) {
  const called = where === "" ? "the list" : `list ${where}`;
  if (!Array.isArray(digit) || digit.length !== AREA) {
    throw new Problem(422, {
      rule: `${called} must have ${AREA} numbers`,
      value: Array.isArray(digit) ? digit.length : kindOf(digit),
      wayOut: `a digit is ${SIDE} rows of ${SIDE} pixels, one after the other`,
    });
  }
  for (let i = 0; i < AREA; i++) {
    /** @type {unknown} */
    const value = digit[i];
    // JSON.parse makes Infinity of 1e999.
    if (typeof value === "number" && value >= 0 && value <= 255) to[i] = value;
    else {
      throw new Problem(422, {
        rule: `${where}[${i}] must be a number from 0 for paper to 1, or 255, for ink`,
        value: typeof value === "number" ? String(value) : kindOf(value),
        wayOut: "scale the pixels; none may be missing or NaN",
      });
    }
  }
}

/**
 * Numbers up to 255 become numbers up to 1. A body has one scale: where nothing in it is above 1, that is it.
 * @param {Float32Array} values
 */
function toInk(values) {
  if (values.every((value) => value <= 1)) return;
  for (let i = 0; i < values.length; i++) values[i] = (values[i] ?? 0) / 255;
}

/**
 * A value in few words: what was posted may be long.
 * @param {unknown} value
 */
function kindOf(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "string") return `the text ${JSON.stringify(value.slice(0, 40))}`;
  return typeof value === "object" ? "an object" : String(value);
}
