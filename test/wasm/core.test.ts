import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { ensureDist } from "../../scripts/ensure.mjs";
import type * as src from "../../src/index.ts";
import type { WasmSource } from "../../src/index.ts";
import { root } from "../browser/serve.ts";

type Library = typeof src;

const fileOf = (variant: string): Promise<Buffer> => readFile(`${root}/dist/simdgrad.${variant}.wasm`);

let lib: Library;
beforeAll(async () => {
  await ensureDist();
  vi.spyOn(console, "warn").mockImplementation(() => undefined); // a copy beside that of the tests
  lib = (await import(/* @vite-ignore */ pathToFileURL(`${root}/dist/core/index.js`).href)) as Library;
});
afterEach(() => {
  lib.destroy();
});

const six = (): number => lib.tensor([1, 2, 3]).sum().item();

describe("simdgrad/core", () => {
  test("without kernels, says how to bring them", () => {
    expect(six).toThrow(/^simdgrad\/core: it has no kernels yet .*await init\({ wasm }\)/);
  });

  const forms: Record<string, (bytes: Buffer) => WasmSource> = {
    "a view": (bytes) => bytes,
    "an ArrayBuffer": (bytes) => new Uint8Array(bytes).buffer,
    "a promise": (bytes) => Promise.resolve(bytes),
    "a Module": (bytes) => new WebAssembly.Module(new Uint8Array(bytes)),
    "a Module of another realm": (bytes) => {
      const compileThere = runInNewContext("(bytes) => new WebAssembly.Module(bytes)") as (
        bytes: Uint8Array,
      ) => WebAssembly.Module;
      return compileThere(new Uint8Array(bytes));
    },
    "a Response": (bytes) => new Response(new Uint8Array(bytes)),
    "a promise of a Response": (bytes) => Promise.resolve(new Response(new Uint8Array(bytes))),
    "an import's namespace": (bytes) => ({ default: new WebAssembly.Module(new Uint8Array(bytes)) }),
    both: (bytes) => ({ simd: bytes }),
  };
  test.each(Object.entries(forms))("takes %s", async (_name, form) => {
    const info = await lib.init({ wasm: form(await fileOf("simd")) });
    expect(info).toMatchObject({ host: "core", variant: "simd" });
    expect(six()).toBe(6);
  });

  test("loads a URL, and names one that is not there", async () => {
    const bytes = await fileOf("simd");
    const server = createServer((request, response) => {
      response.writeHead(request.url === "/here.wasm" ? 200 : 404);
      response.end(request.url === "/here.wasm" ? bytes : "<h1>not found</h1>");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      await lib.init({ wasm: new URL("/here.wasm", base) });
      expect(six()).toBe(6);
      await expect(lib.init({ wasm: `${base}/gone.wasm` })).rejects.toThrow(
        /gone\.wasm answered with status 404/,
      );
      expect(six()).toBe(6); // what runs goes on
    } finally {
      server.close();
    }
  });

  test.each<[string, unknown, RegExp]>([
    [
      "a page",
      new TextEncoder().encode("<!doctype html>"),
      /is no WebAssembly: its 15 bytes begin with "3c 21 64 6f"/,
    ],
    ["a number", 7, /wasm must be bytes, a WebAssembly.Module, a Response, a URL .* got number/],
  ])("refuses %s", async (_name, wasm, message) => {
    await expect(lib.init({ wasm: wasm as WasmSource })).rejects.toThrow(message);
  });
});
