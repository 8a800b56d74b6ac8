import { decode } from "fast-png";
import { Problem } from "./problem.js";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const HEADER = SIGNATURE.length + 8 + 13;
/** What the largest picture of 28 × 28 takes is 6,300 bytes before it is packed, so a longer file hides something. */
const LONGEST = 16_384;

/** @param {string} rule @param {unknown} value @param {string} wayOut */
const unreadable = (rule, value, wayOut) => new Problem(400, { rule, value, wayOut });

/**
 * The ink of a picture: bright is ink, as in MNIST; colours become grey, and what is transparent is paper.
 * @param {Uint8Array} bytes
 * @param {number} side how wide and high it must be. Read from its header: nothing larger is unpacked.
 * @returns {Float32Array<ArrayBuffer>} from 0 to 1
 */
export function readPng(bytes, side) {
  if (bytes.length < HEADER || SIGNATURE.some((byte, i) => bytes[i] !== byte))
    throw unreadable(
      "a PNG starts with its signature and a header",
      `${bytes.length} bytes`,
      "send a PNG file",
    );
  const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  const [width, height] = [header.getUint32(16), header.getUint32(20)];
  if (width !== side || height !== side) {
    throw new Problem(422, {
      rule: `the picture must be ${side} × ${side} pixels`,
      value: `${width} × ${height}`,
      wayOut: "scale it down, the digit in the middle",
    });
  }
  if (bytes.length > LONGEST) {
    throw new Problem(422, {
      rule: `a PNG of ${side} × ${side} pixels may have ${LONGEST} bytes`,
      value: bytes.length,
      wayOut: "leave out the texts and profiles in it",
    });
  }
  return toInk(decodePng(bytes), side);
}

/** @param {Uint8Array} bytes */
function decodePng(bytes) {
  try {
    return decode(bytes, { checkCrc: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw unreadable("the PNG must be whole", why, "send the file as it was written");
  }
}

/**
 * @param {import("fast-png").DecodedPng} png
 * @param {number} side
 */
function toInk({ data, channels, depth, palette }, side) {
  const samples = spread(data, depth, side);
  const most = palette ? 255 : 2 ** depth - 1;
  /** @type {(pixel: number) => ArrayLike<number>} */
  const colourOf = (pixel) =>
    palette
      ? (palette[samples[pixel] ?? 0] ?? [])
      : samples.subarray(pixel * channels, (pixel + 1) * channels);
  return Float32Array.from({ length: side * side }, (_, pixel) => brightness(colourOf(pixel), most));
}

/**
 * Grey, grey and alpha, RGB, or RGBA, up to `most` each, as one number up to 1.
 * @param {ArrayLike<number>} colour
 * @param {number} most
 */
function brightness(colour, most) {
  const [first = 0, second = most, third = 0, fourth = most] = Array.from(colour);
  const coloured = colour.length >= 3;
  // Rec. 709: how bright red, green and blue look.
  const grey = coloured ? 0.2126 * first + 0.7152 * second + 0.0722 * third : first;
  const alpha = coloured ? fourth : second;
  return Math.min(1, (grey / most) * (alpha / most));
}

/**
 * Samples of fewer than eight bits lie several to a byte; a row starts with a byte of its own.
 * @param {Uint8Array | Uint8ClampedArray | Uint16Array} data
 * @param {number} depth bits a sample
 * @param {number} side
 */
function spread(data, depth, side) {
  if (depth >= 8) return data;
  const each = 8 / depth;
  const row = Math.ceil(side / each);
  return Uint8Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [i % side, Math.floor(i / side)];
    const byte = data[y * row + Math.floor(x / each)] ?? 0;
    return (byte >> (8 - depth * ((x % each) + 1))) & (2 ** depth - 1);
  });
}
