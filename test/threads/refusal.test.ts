import { afterEach, describe, expect, it, vi } from "vitest";
import { threadsRefused } from "../../src/platform/web.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const there = (): void => undefined;

describe("why a host with the web's interfaces has no threads", () => {
  it.each([
    ["an isolated page", { Worker: there, SharedArrayBuffer: there, crossOriginIsolated: true }, null],
    [
      "a page that is not isolated",
      { Worker: there, SharedArrayBuffer: undefined, crossOriginIsolated: false },
      /^the page is not cross-origin isolated.*Cross-Origin-Opener-Policy: same-origin/,
    ],
    [
      "an isolated page of WebKitGTK",
      { Worker: there, SharedArrayBuffer: undefined, crossOriginIsolated: true },
      /^this browser gives pages no SharedArrayBuffer/,
    ],
    [
      "a program that knows no isolation",
      { Worker: there, SharedArrayBuffer: there, crossOriginIsolated: undefined },
      null,
    ],
    ["a host without workers", { Worker: undefined }, /^this host has no workers$/],
  ])("%s", (_host, globals, reason) => {
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    if (reason === null) expect(threadsRefused()).toBeNull();
    else expect(threadsRefused()).toMatch(reason);
  });
});
