import { defineConfig } from "vitest/config";
import { hasFleet } from "./test/harness/fleet-parts.ts";

const ownFleet = ["test/fleet/**/*.test.ts"];

export default defineConfig({
  test: {
    // One PostgreSQL for all of the run.
    globalSetup: ["./test/harness/global-setup.ts"],
    pool: "forks",
    // Importing Better-auth for each file again would be most of the run; nothing of ours lives in module state.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: { provider: "v8", include: ["src/**"], exclude: ["src/**/*.test.ts"] },
    projects: [
      {
        extends: true,
        test: { name: "one", include: ["test/**/*.test.ts", "src/**/*.test.ts"], exclude: ownFleet },
      },
      {
        // The same black-box tests again, against two server processes behind nginx that share everything.
        extends: true,
        test: {
          name: "fleet",
          globalSetup: ["./test/harness/fleet-setup.ts"],
          include: hasFleet
            ? [
                ...ownFleet,
                "test/contract/**/*.test.ts",
                "test/access-matrix/{denials,matrix,versions}.test.ts",
              ]
            : [],
        },
      },
    ],
  },
});
