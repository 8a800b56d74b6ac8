import { afterEach, describe, expect, it } from "vitest";
import { DisposedError, FormatError, OutOfMemoryError, ValueError } from "../../src/errors.ts";
import { loadSafetensors, saveSafetensors } from "../../src/io/index.ts";
import { permute } from "../../src/ops/movement.ts";
import { ofBytes, tensor } from "../../src/tensor/create.ts";
import { readBytes, type Tensor } from "../../src/tensor/tensor.ts";
import { heap } from "../../src/wasm/engine.ts";

const made: Tensor[] = [];
const track = <T extends Tensor>(t: T): T => {
  made.push(t);
  return t;
};

afterEach(() => {
  for (const t of made.splice(0)) t.dispose();
  expect(heap().stats.live).toBe(0);
});

describe("safetensors", () => {
  it("brings tensors back bit for bit, in order, with metadata", () => {
    const tensors = {
      mask: track(tensor([true, false, true])),
      "0.weight": track(
        tensor([
          [1.5, -0],
          [NaN, Infinity],
        ]),
      ),
      index: track(tensor(Int32Array.of(-1, 2), { dtype: "i32" })),
      pixels: track(tensor(Uint8Array.of(0, 255), { shape: [1, 2] })),
      scalar: track(tensor(7)),
      empty: track(tensor(new Float32Array(0), { shape: [0, 3] })),
    };
    const bytes = saveSafetensors(tensors, { metadata: { epoch: "3" } });
    const loaded = loadSafetensors(bytes, { name: "x" });
    expect({ ...loaded.metadata }).toEqual({ epoch: "3" });
    expect(Object.keys(loaded.tensors)).toEqual(Object.keys(tensors));
    for (const [name, t] of Object.entries(tensors)) {
      const back = track(loaded.tensors[name] as Tensor);
      expect([back.dtype, back.shape]).toEqual([t.dtype, t.shape]);
      expect(new Uint8Array(back.data.buffer)).toEqual(new Uint8Array(t.data.buffer));
    }
    expect(saveSafetensors(loaded.tensors, { metadata: loaded.metadata })).toEqual(bytes);
  });

  it("brings back the bits of f16 and bf16, views among them, odd counts among others", () => {
    const bits = Uint8Array.from({ length: 2 * 65536 }, (_, i) => (i % 2 === 0 ? i / 2 : (i - 1) / 2 / 256));
    for (const dtype of ["f16", "bf16"] as const) {
      const t = track(ofBytes(bits, [256, 256], dtype));
      const odd = track(tensor([1, 2, 3], { dtype }));
      const bytes = saveSafetensors({ odd, t, turned: track(permute(t, [1, 0])), one: track(tensor(1)) });
      const { tensors } = loadSafetensors(bytes);
      const back = (name: string): Tensor => track(tensors[name] as Tensor);
      expect(readBytes(back("t"), (b) => Buffer.compare(b, bits))).toBe(0);
      expect(back("odd").dtype).toBe(dtype);
      expect(tensors.odd?.toArray()).toEqual([1, 2, 3]);
      expect(readBytes(track(permute(back("turned"), [1, 0])), (b) => Buffer.compare(b, bits))).toBe(0);
      expect(back("one").item()).toBe(1);
    }
  });

  it("writes a view as what it shows", () => {
    const t = track(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    );
    const turned = track(permute(t, [1, 0]));
    const { tensors } = loadSafetensors(saveSafetensors({ turned }));
    expect(track(tensors.turned as Tensor).toArray()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });

  it("takes a Map, entries, and an ArrayBuffer", () => {
    const t = track(tensor([1]));
    const bytes = saveSafetensors(
      new Map([
        ["2", t],
        ["1", t],
      ]),
    );
    expect(
      saveSafetensors([
        ["2", t],
        ["1", t],
      ]),
    ).toEqual(bytes);
    const { tensors } = loadSafetensors(bytes.buffer);
    for (const loaded of Object.values(tensors)) expect(track(loaded).item()).toBe(1);
  });

  it("treats __proto__ as any other key", () => {
    const bytes = saveSafetensors([["__proto__", track(tensor([5]))]]);
    const { tensors } = loadSafetensors(bytes);
    expect(Object.keys(tensors)).toEqual(["__proto__"]);
    expect(Object.getPrototypeOf(tensors)).toBe(null);
    expect(({} as { dtype?: unknown }).dtype).toBe(undefined);
    track(tensors["__proto__"] as Tensor);
  });

  it("refuses what it cannot save or read", () => {
    const gone = tensor([1]);
    gone.dispose();
    expect(() => saveSafetensors({ gone })).toThrow(DisposedError);
    expect(() => saveSafetensors({ x: [1, 2] as unknown as Tensor })).toThrow(
      'saveSafetensors: "x" is no tensor',
    );
    expect(() => loadSafetensors("model.safetensors" as unknown as Uint8Array)).toThrow(ValueError);
    expect(() => loadSafetensors(new Uint8Array(3), { name: "model.safetensors" })).toThrow(FormatError);
    expect(() => loadSafetensors(new Uint8Array(3), { name: "model.safetensors" })).toThrow(
      "model.safetensors, byte 3",
    );
  });

  it("leaves nothing allocated when memory runs out half-way", () => {
    const big = track(tensor(new Float32Array(100_000)));
    const bytes = saveSafetensors({ a: big, b: big, c: big });
    const { limit } = heap();
    const before = heap().stats.live;
    heap().limit = before + 900_000;
    expect(() => loadSafetensors(bytes)).toThrow(OutOfMemoryError);
    heap().limit = limit;
    expect(heap().stats.live).toBe(before);
  });
});
