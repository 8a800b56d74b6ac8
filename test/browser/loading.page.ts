import { data, type Tensor } from "simdgrad";

/** What the page offers to the test that drives it. */
export interface Offer {
  /** Squares from two workers, as far as they come, and the error where they end. */
  squares(options: { until: number; timeout: number }): Promise<{ seen: unknown[]; error: string | null }>;
  /** Why a worker whose file is missing does not serve. */
  missing(): Promise<string>;
  images(): Promise<{ seen: unknown[]; error: string; left: number }>;
}

const text = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

async function squares({ until, timeout }: { until: number; timeout: number }): ReturnType<Offer["squares"]> {
  const start = (): Worker => new Worker(new URL("./loading.worker.ts", import.meta.url), { type: "module" });
  const dataset = await data.WorkerDataset.open<[Tensor, Tensor]>([start(), start()], { timeout });
  const seen: unknown[] = [];
  try {
    const loader = new data.DataLoader(dataset, { batchSize: 2, prefetch: 3 });
    for await (const [x, y] of loader) {
      seen.push([x.toArray(), y.toArray()]);
      if (seen.length === until) break;
    }
    return { seen, error: null };
  } catch (error) {
    const first = text(error);
    // What is asked for alone is not lost with a batch of others.
    const second = await dataset.get(17).then(() => "there", text);
    return { seen, error: `${first}\n${second}` };
  } finally {
    dataset.close();
  }
}

function missing(): Promise<string> {
  const worker = new Worker("/no-such-file.js", { type: "module" });
  return data.WorkerDataset.open([worker]).then(() => "opened", text);
}

/** An image of 4 × 2 whose left half has one colour, and its right half another. */
async function paint(left: string, right: string): Promise<Blob> {
  const canvas = new OffscreenCanvas(4, 2);
  const context = canvas.getContext("2d") as OffscreenCanvasRenderingContext2D;
  [left, right].forEach((colour, i) => {
    context.fillStyle = colour;
    context.fillRect(2 * i, 0, 2, 2);
  });
  return canvas.convertToBlob({ type: "image/png" });
}

async function images(): ReturnType<Offer["images"]> {
  const blobs = [
    await paint("red", "blue"),
    new File([await paint("white", "transparent")], "half.png"),
    new File(["no image"], "broken.png"),
  ];
  const seen: unknown[] = [];
  const collect = async (dataset: data.Dataset<[Tensor, Tensor]>): Promise<void> => {
    for await (const [x, y] of new data.DataLoader(dataset, { batchSize: 2, prefetch: 1 }))
      seen.push([x.toArray(), y.toArray()]);
  };
  const whole = data.imageDataset(blobs, [0, 1, 0], ["a", "b"]);
  const { dataset } = await whole.withoutBroken();
  await collect(dataset);
  await collect(
    data.imageDataset(blobs.slice(0, 2), [0, 1], ["a", "b"], { size: 2, channels: 1, dtype: "f32" }),
  );
  return { seen, error: await whole.get(2).then(() => "decoded", text), left: dataset.length };
}

Object.assign(globalThis, { squares, missing, images } satisfies Offer);
