/** The page: a pad, and what the network says to it while one draws. */
import { compile, io, noGrad, softmax, tensor } from "simdgrad";
import { inkOf } from "./ink.js";

/** @template {Element} T @param {string} id @returns {T} */
const element = (id) => /** @type {any} */ (document.getElementById(id));
/** @type {HTMLCanvasElement} */
const pad = element("pad");
/** @type {HTMLOutputElement} */
const output = element("answer");
const context = /** @type {CanvasRenderingContext2D} */ (pad.getContext("2d", { willReadFrequently: true }));
context.strokeStyle = "white";
context.lineWidth = 22;
context.lineCap = context.lineJoin = "round";

const meters = Array.from({ length: 10 }, () => {
  const meter = document.createElement("meter");
  const item = document.createElement("li");
  item.append(meter);
  element("probabilities").append(item);
  return meter;
});

/** @returns {Promise<(ink: Float32Array<ArrayBuffer>) => Float32Array>} from 784 numbers to ten probabilities */
async function loadNetwork() {
  const response = await fetch("model.safetensors");
  if (!response.ok)
    throw new Error(`model.safetensors: ${response.status} (npm run setup puts it beside this page)`);
  const { model, preprocessing } = io.load(await response.arrayBuffer(), { name: "model.safetensors" });
  const network = compile((x) => softmax(model.forward(io.preprocess(x, preprocessing)), { dim: 1 }));
  return (ink) =>
    /** @type {Float32Array} */ (noGrad(() => network(tensor(ink, { shape: [1, 1, 28, 28] })).data));
}

/** @param {(ink: Float32Array<ArrayBuffer>) => Float32Array} classify */
function watch(classify) {
  const look = () => {
    const ink = inkOf(pad);
    const probabilities = ink === null ? new Float32Array(10) : classify(ink);
    probabilities.forEach((p, digit) => {
      const meter = meters[digit];
      if (meter) meter.value = p;
    });
    const digit = probabilities.indexOf(Math.max(...probabilities));
    output.value = ink === null ? "draw a digit" : String(digit);
  };
  /** @param {PointerEvent} event */
  const draw = ({ offsetX, offsetY, buttons }) => {
    if (buttons === 0) return;
    context.lineTo(offsetX, offsetY);
    context.stroke();
    look();
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    context.beginPath();
    context.moveTo(event.offsetX, event.offsetY);
    draw(event);
  });
  pad.addEventListener("pointermove", draw);
  element("clear").addEventListener("click", () => {
    context.clearRect(0, 0, pad.width, pad.height);
    look();
  });
  look();
}

try {
  watch(await loadNetwork());
} catch (error) {
  output.value = error instanceof Error ? error.message : String(error);
  throw error;
}
