/** Kernels that a program brings with `init({ wasm })`, in place of those of its entry. */
import { relaxedRefused, wasmSource } from "#platform";
import { PlatformError, ValueError } from "../errors.ts";
import type { Missing } from "../platform/port.ts";
import type { Variant } from "./features.ts";

/**
 * What a kernel binary may come as: its bytes (ArrayBuffer or a view), a compiled `WebAssembly.Module`, a `Response`, a `URL` or its text,
 * the namespace of an import of the file, or a promise of one of these. Typed loosely, so that hosts without a DOM have the types.
 */
export type WasmBinary = object | string;

/** One binary stands for simdgrad.simd.wasm, which runs everywhere; with both, the faster one runs where the engine can. */
export type WasmSource = WasmBinary | { simd: WasmBinary; relaxed?: WasmBinary };

type Binary = Uint8Array | WebAssembly.Module;

const given = new Map<Variant, Binary>();

/** The binary of this variant: the program's, else the entry's. */
export function sourceOf(variant: Variant): Binary {
  const binary: Binary | Missing = given.get(variant) ?? wasmSource(variant);
  if (isMissing(binary)) throw new PlatformError(binary.missing);
  return binary;
}

const isMissing = (binary: Binary | Missing): binary is Missing => "missing" in binary;

/** Why there is no relaxed binary; null where there is. Whoever brings binaries runs these and no others. */
export function relaxedLacks(): string | null {
  if (given.size === 0) return relaxedRefused();
  return given.has("relaxed") ? null : "init({ wasm }) was given the plain SIMD binary alone";
}

/** Takes what `init` was given; everything or nothing. */
export async function provide(source: WasmSource): Promise<void> {
  const both = typeof source === "object" && "simd" in source;
  const simd = await binaryOf("wasm", both ? source.simd : source);
  const relaxed =
    both && source.relaxed !== undefined ? await binaryOf("wasm.relaxed", source.relaxed) : undefined;
  given.clear();
  given.set("simd", simd);
  if (relaxed !== undefined) given.set("relaxed", relaxed);
}

/** Also one of another realm. */
const isModule = (it: unknown): boolean =>
  Object.prototype.toString.call(it) === "[object WebAssembly.Module]";

async function binaryOf(option: string, binary: WasmBinary): Promise<Binary> {
  const it: unknown = await Promise.resolve<unknown>(binary);
  if (isModule(it)) return it as WebAssembly.Module;
  if (it instanceof ArrayBuffer) return checked(option, new Uint8Array(it));
  if (ArrayBuffer.isView(it)) return checked(option, new Uint8Array(it.buffer, it.byteOffset, it.byteLength));
  if (typeof it === "string" || it instanceof URL) return load(option, it);
  if (typeof it !== "object" || it === null) throw refusal(option, it === null ? "null" : typeof it);
  if (isResponse(it)) return checked(option, await bodyOf(option, it));
  if ("default" in it) return binaryOf(option, it.default as WasmBinary);
  throw refusal(option, "an object of another kind");
}

const refusal = (option: string, got: string): ValueError =>
  new ValueError(
    `init: ${option} must be bytes, a WebAssembly.Module, a Response, a URL or a promise of one of these, got ${got}`,
  );

type Fetched = Pick<Response, "ok" | "status" | "url" | "arrayBuffer">;

const isResponse = (it: object): it is Fetched => "arrayBuffer" in it && "ok" in it;

async function load(option: string, url: string | URL): Promise<Uint8Array> {
  let response: Fetched;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new PlatformError(
      `init: ${option} could not be loaded from ${String(url)}: ${String(error)}; give its bytes where the host cannot fetch it`,
    );
  }
  return checked(option, await bodyOf(option, response));
}

async function bodyOf(option: string, response: Fetched): Promise<Uint8Array> {
  if (!response.ok)
    throw new PlatformError(
      `init: ${option} could not be loaded: ${response.url} answered with status ${response.status}; is the file among those the server hands out?`,
    );
  return new Uint8Array(await response.arrayBuffer());
}

/** What begins otherwise is often a page that says "not found". https://webassembly.github.io/spec/core/binary/modules.html#binary-module */
function checked(option: string, bytes: Uint8Array): Uint8Array {
  const magic = [0, 0x61, 0x73, 0x6d];
  if (magic.every((byte, i) => bytes[i] === byte)) return bytes;
  const start = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  throw new ValueError(
    `init: ${option} is no WebAssembly: its ${bytes.length} bytes begin with "${start}" and not with "00 61 73 6d"; is it simdgrad.simd.wasm or an error page?`,
  );
}
