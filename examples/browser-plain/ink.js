const SIDE = 28;
/** MNIST's digits fill a box of this side, their centre of mass in the middle of the picture. */
const BOX = 20;

/**
 * What is drawn, as MNIST would have it: 28 × 28 numbers from 0 for paper to 1 for ink.
 * @param {HTMLCanvasElement} pad white on transparent
 * @returns {Float32Array<ArrayBuffer> | null} null where nothing is drawn
 */
export function inkOf(pad) {
  const alpha = alphaOf(pad);
  const box = boundsOf(alpha, pad.width);
  if (box === null) return null;
  const scale = BOX / Math.max(box.width, box.height);
  const small = shrink(pad, box, scale, (SIDE - box.width * scale) / 2, (SIDE - box.height * scale) / 2);
  const [x, y] = centreOf(small);
  // Once more, so that the weight lies in the middle.
  const [left, top] = [(SIDE - box.width * scale) / 2 + 13.5 - x, (SIDE - box.height * scale) / 2 + 13.5 - y];
  return shrink(pad, box, scale, left, top);
}

/** @param {HTMLCanvasElement} canvas @returns {Float32Array<ArrayBuffer>} */
function alphaOf(canvas) {
  const context = /** @type {CanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return Float32Array.from({ length: canvas.width * canvas.height }, (_, i) => (data[4 * i + 3] ?? 0) / 255);
}

/** @param {Float32Array} alpha @param {number} width */
function boundsOf(alpha, width) {
  let [left, top, right, bottom] = [Infinity, Infinity, -1, -1];
  alpha.forEach((value, i) => {
    if (value < 0.1) return;
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, top] = [Math.min(left, x), Math.min(top, y)];
    [right, bottom] = [Math.max(right, x), Math.max(bottom, y)];
  });
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

/**
 * @param {HTMLCanvasElement} pad
 * @param {{ left: number, top: number, width: number, height: number }} box
 * @param {number} scale
 * @param {number} left
 * @param {number} top
 */
function shrink(pad, box, scale, left, top) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const context = /** @type {CanvasRenderingContext2D} */ (
    canvas.getContext("2d", { willReadFrequently: true })
  );
  context.imageSmoothingQuality = "high";
  const [width, height] = [box.width * scale, box.height * scale];
  context.drawImage(pad, box.left, box.top, box.width, box.height, left, top, width, height);
  return alphaOf(canvas);
}

/** The centre of mass. @param {Float32Array} ink @returns {[number, number]} */
function centreOf(ink) {
  let [mass, x, y] = [0, 0, 0];
  ink.forEach((value, i) => {
    mass += value;
    x += value * (i % SIDE);
    y += value * Math.floor(i / SIDE);
  });
  return mass === 0 ? [13.5, 13.5] : [x / mass, y / mass];
}
