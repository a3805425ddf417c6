import { expect, test, vi } from "vitest";
import { call } from "../harness/client.ts";
import { freshSecret } from "../secret-files/secret-file.ts";
import { createScene, rotating } from "./secrets.scene.ts";

const scene = await createScene();
const { app, mailServer, monitor, inFile, write, taken, rotate } = scene;

/** The first of those in the file. */
const newest = (name: string): string =>
  inFile(name)
    .split(",")[0]
    ?.replace(/^[^:]*:/, "") ?? "";

test("no request fails and nobody is signed out while each secret changes; a breach signs everybody out", {
  timeout: 300_000,
}, async () => {
  const load = await scene.startLoad();
  const rows = await rotating(load, {
    BETTER_AUTH_SECRETS: () => rotate("BETTER_AUTH_SECRETS"),
    async "BETTER_AUTH_SECRETS without the old one"() {
      // Not needed any more by anybody who was answered once since.
      write("BETTER_AUTH_SECRETS", inFile("BETTER_AUTH_SECRETS").split(",")[0] ?? "");
      await taken("BETTER_AUTH_SECRETS");
    },
    DATABASE_PASSWORD: () => rotate("DATABASE_PASSWORD"),
    DATABASE_OWNER_PASSWORD: () => rotate("DATABASE_OWNER_PASSWORD"),
    REDIS_PASSWORD: () => rotate("REDIS_PASSWORD"),
    "REDIS_PASSWORD, breach": () => rotate("REDIS_PASSWORD", "--breach"),
    async SMTP_PASS() {
      const next = freshSecret();
      mailServer.change(next);
      // Mails meet the password from before, and wait.
      await vi.waitFor(() => expect(mailServer.refused()).toBeGreaterThan(0), 30_000);
      write("SMTP_PASS", next);
      await taken("SMTP_PASS");
    },
    async "DATA_KEYS, with mails that wait"() {
      const [old, next] = [inFile("DATA_KEYS"), freshSecret()];
      const before = mailServer.refused();
      mailServer.change(next);
      await vi.waitFor(() => expect(mailServer.refused()).toBeGreaterThan(before), 30_000);
      await rotate("DATA_KEYS");
      await load.round();
      // A mail that is tried anew at that very moment takes another run.
      await expect.poll(scene.moveToCurrentKeys, { timeout: 30_000 }).toBe(0);
      write("DATA_KEYS", inFile("DATA_KEYS").replace(`,${old}`, ""));
      await taken("DATA_KEYS");
      write("SMTP_PASS", next);
      await taken("SMTP_PASS");
    },
    "DATA_KEYS, breach": () => rotate("DATA_KEYS", "--breach"),
    STORAGE_SIGNING_KEY: () => rotate("STORAGE_SIGNING_KEY"),
    async CLIENT_API_KEY() {
      await rotate("CLIENT_API_KEY");
      app.headers["x-client-key"] = newest("CLIENT_API_KEY");
    },
    async METRICS_TOKEN() {
      await rotate("METRICS_TOKEN");
      monitor.token = newest("METRICS_TOKEN");
    },
  });
  await load.end();

  expect(load.failed).toEqual([]);
  // Outside production no app is refused for its key: what sessions are named by tells whether each was known.
  expect(await app.deps.database.sql`select distinct client from session`).toEqual([{ client: "web" }]);
  for (const { secret, requests } of rows) expect(requests, secret).toBeGreaterThan(100);
  await scene.nothingIsLost(load);
  for (const server of app.servers)
    await vi.waitFor(async () => {
      const { json } = await call({ ...server, headers: app.headers }, "GET", "/health/ready");
      expect(json.checks).toMatchObject({ database: "ok", queue: "ok", redis: "ok", secrets: "ok" });
    }, 30_000);

  await rotate("BETTER_AUTH_SECRETS", "--breach");
  for (const token of load.tokens())
    expect((await call(app, "GET", "/api/v1/me", { token })).status).toBe(401);
  scene.nothingIsTold();
});
