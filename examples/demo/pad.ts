import { toDigit } from "./ink.ts";
import { AREA, SIDE } from "../mnist/digits.ts";

/** Pixels of the canvas, whatever its size on the page. */
const SIZE = 280;
/** With most digits about 190 pixels high this gives the strokes that MNIST has: 2 to 3 of its pixels. */
const PEN = 24;

/** A canvas that is drawn on by mouse, finger or pen. */
export class Pad {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  readonly #changed: (digit: Float32Array | null) => void;
  readonly #strokes: { x: number; y: number }[][] = [];
  #pointer: number | null = null;
  #queued = false;

  /** @param changed told, at most once a frame, what has become of the drawing: 28 × 28, or null for nothing. */
  constructor(canvas: HTMLCanvasElement, changed: (digit: Float32Array | null) => void) {
    const context = canvas.getContext("2d", { willReadFrequently: true });
    if (context === null) throw new Error("this browser gives no 2d canvas");
    this.#canvas = canvas;
    this.#context = context;
    this.#changed = changed;
    canvas.width = SIZE;
    canvas.height = SIZE;
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(end, (event) => {
        if (event.pointerId === this.#pointer) this.#pointer = null;
      });
    }
    // The ink has the theme's colour.
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#paint());
  }

  clear(): void {
    this.#strokes.length = 0;
    this.#paint();
  }

  #down(event: PointerEvent): void {
    // One finger draws; further ones and other buttons do not.
    if (this.#pointer !== null || event.button !== 0) return;
    event.preventDefault();
    this.#pointer = event.pointerId;
    this.#canvas.setPointerCapture(event.pointerId);
    this.#strokes.push([this.#place(event)]);
    this.#paint();
  }

  #move(event: PointerEvent): void {
    if (event.pointerId !== this.#pointer) return;
    const all = event.getCoalescedEvents();
    const points = (all.length > 0 ? all : [event]).map((one) => this.#place(one));
    this.#strokes.at(-1)?.push(...points);
    this.#paint();
  }

  #place(event: PointerEvent): { x: number; y: number } {
    const box = this.#canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * SIZE,
      y: ((event.clientY - box.top) / box.height) * SIZE,
    };
  }

  #paint(): void {
    if (this.#queued) return;
    this.#queued = true;
    requestAnimationFrame(() => {
      this.#queued = false;
      this.#draw();
      this.#changed(this.#read());
    });
  }

  #draw(): void {
    const context = this.#context;
    context.clearRect(0, 0, SIZE, SIZE);
    context.strokeStyle = getComputedStyle(this.#canvas).color;
    context.lineWidth = PEN;
    context.lineCap = "round";
    context.lineJoin = "round";
    for (const stroke of this.#strokes) {
      context.beginPath();
      stroke.forEach(({ x, y }) => context.lineTo(x, y));
      const [only] = stroke;
      // A lone point would draw nothing.
      if (stroke.length === 1 && only) context.lineTo(only.x + 0.1, only.y);
      context.stroke();
    }
  }

  #read(): Float32Array | null {
    if (this.#strokes.length === 0) return null;
    const { data } = this.#context.getImageData(0, 0, SIZE, SIZE);
    // Opacity is ink, in any colour.
    return toDigit({ width: SIZE, height: SIZE, grey: data.filter((_, i) => i % 4 === 3) });
  }
}

/** Shows 28 × 28 values from 0 to 1 as ink. */
export function showDigit(canvas: HTMLCanvasElement, digit: ArrayLike<number> | null, most = 1): void {
  canvas.width = SIDE;
  canvas.height = SIDE;
  // So few pixels are better off without the GPU.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null || digit === null) return;
  const [red = 0, green = 0, blue = 0] = getComputedStyle(canvas).color.match(/\d+/g)?.map(Number) ?? [];
  const image = context.createImageData(SIDE, SIDE);
  for (let i = 0; i < AREA; i++) {
    image.data.set([red, green, blue, Math.round((255 * (digit[i] ?? 0)) / most)], 4 * i);
  }
  context.putImageData(image, 0, 0);
}
