import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    alias: { "#platform": fileURLToPath(new URL("src/platform/node.ts", import.meta.url)) },
  },
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/global-setup.ts",
    setupFiles: ["test/threads/setup.ts"],
    // Guards against hanging only: the machine may be busy.
    testTimeout: 60_000,
    hookTimeout: 300_000,
    reporters: ["default", "json"],
    outputFile: { json: ".cache/vitest.json" },
  },
});
