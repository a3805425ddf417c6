import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["./test/harness/global-setup.ts"],
    include: ["test/**/*.test.ts", "src/**/*.test.ts"],
    pool: "forks",
    // Importing Better-auth for each file again would be most of the run; nothing of ours lives in module state.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: { provider: "v8", include: ["src/**"], exclude: ["src/**/*.test.ts"] },
  },
});
