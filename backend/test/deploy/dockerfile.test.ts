import { expect, it } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { last, pairs, stagesOf, words } from "../image/dockerfile.ts";
import { seenByBuild } from "../image/dockerignore.ts";
import { readRepositoryFile } from "./compose.ts";

const [build, runtime, ...more] = stagesOf(readRepositoryFile("docker/Dockerfile"));
if (!build || !runtime) throw new Error("docker/Dockerfile has two stages");

it("builds and runs on the Node that the repository pins", () => {
  expect(more).toEqual([]);
  for (const { base } of [build, runtime])
    expect(base).toBe(`docker.io/library/node:${manifest.devDependencies.node}-bookworm-slim`);
});

it("installs exactly what the lockfile says, with the pnpm that the repository pins", () => {
  const runs = build.instructions.filter(({ name }) => name === "RUN").map(({ rest }) => rest);
  expect(runs).toEqual(
    ["install --frozen-lockfile", "build"].map((c) => `npx -y ${manifest.packageManager} ${c}`),
  );
});

it("puts the build and nothing else into the image", () => {
  const names = runtime.instructions.map(({ name }) => name);
  expect(names.filter((name) => ["RUN", "ADD", "ARG"].includes(name))).toEqual([]);
  const copies = runtime.instructions.filter(({ name }) => name === "COPY").map(({ rest }) => rest);
  expect(copies).toEqual(["--from=build /src/backend/dist ./"]);
  expect(pairs(last(runtime, "ENV"))).toEqual({ NODE_ENV: "production" });
});

it("runs as an account without a name or rights, and passes signals on to Node", () => {
  expect(last(runtime, "USER")).toBe("10001:10001");
  expect(words(last(runtime, "ENTRYPOINT"))[0]).toBe("node");
  expect(last(runtime, "STOPSIGNAL")).toBe("SIGTERM");
  expect(words(last(runtime, "HEALTHCHECK").replace(/^.*?CMD /, ""))[0]).toBe("node");
});

it("says what it is, in the version and under the licence of this repository", () => {
  const label = (name: string) => pairs(last(runtime, "LABEL"))[`org.opencontainers.image.${name}`];
  expect([label("title"), label("version"), label("licenses")]).toEqual([
    "Coaching App",
    manifest.version,
    manifest.license,
  ]);
  expect(label("description")).toBeTruthy();
});

it.each([
  [".env", false],
  [".env.production", false],
  [".git/config", false],
  [".data/secrets.json", false],
  ["secrets/smtp_pass", false],
  ["backend/.env", false],
  ["backend/.data/secrets.json", false],
  ["backend/secrets/smtp_pass", false],
  ["backend/node_modules/hono/package.json", false],
  ["backend/test/harness/app.ts", false],
  ["backend/dist/server.mjs", false],
  ["docs/api.md", false],
  ["package.json", true],
  ["pnpm-lock.yaml", true],
  ["drizzle/meta/_journal.json", true],
  ["backend/package.json", true],
  ["backend/scripts/build.ts", true],
  ["backend/src/server.ts", true],
])("the build sees %s: %s", (path, seen) => {
  expect(seenByBuild(readRepositoryFile(".dockerignore"))(path)).toBe(seen);
});
