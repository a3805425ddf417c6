import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { expect, test, vi } from "vitest";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { accountToRunAs } from "../../src/db/embedded-files.ts";
import { migrate } from "../../src/db/migrate.ts";
import { createRoles } from "../../src/db/roles.ts";
import { temporaryFolder } from "../backup/places.ts";
import { afterwards } from "../harness/afterwards.ts";
import { call } from "../harness/client.ts";
import { freePort } from "../harness/free-port.ts";
import { serverProcess } from "../harness/server-process.ts";
import { selfSignedCertificate } from "../mail/smtp-catcher.ts";
import { freshSecret } from "../secret-files/secret-file.ts";

const patience = { timeout: 30_000, interval: 100 };
const certificate = selfSignedCertificate();
const folder = temporaryFolder();
chmodSync(folder, 0o755); // the account that runs PostgreSQL passes through
const passwords = { app: freshSecret(), redis: freshSecret() };

/** The certificate and its key, in files that only `owner` reads. */
function certificateIn(place: string, owner: { uid?: number; gid?: number } = {}) {
  const paths = { cert: join(place, "server.crt"), key: join(place, "server.key") };
  for (const part of ["cert", "key"] as const) {
    writeFileSync(paths[part], certificate[part], { mode: 0o600 });
    if (owner.uid !== undefined) chownSync(paths[part], owner.uid, owner.gid ?? owner.uid);
  }
  return paths;
}

/** A database that lets the application in over TLS only. */
async function startPostgres() {
  const superuserPassword = freshSecret();
  const server = await startEmbeddedPostgres({
    dataDir: join(folder, "data"),
    superuserPassword,
    ephemeral: true,
  });
  afterwards(() => server.stop());
  const ownerPassword = freshSecret();
  const superuser = new pg.Client(server.url("postgres"));
  await superuser.connect();
  afterwards(() => superuser.end());
  await createRoles(superuser, { ownerPassword, appPassword: passwords.app, database: "coaching_app" });
  const { port } = new URL(server.url("postgres"));
  const at = `localhost:${port}/coaching_app`;
  await migrate({ ownerUrl: `postgres://coaching_owner:${ownerPassword}@${at}` });
  const { cert, key } = certificateIn(server.dataDir, accountToRunAs());
  for (const [name, value] of Object.entries({ ssl: "on", ssl_cert_file: cert, ssl_key_file: key }))
    await superuser.query(`alter system set ${name} = '${value}'`);
  await superuser.query("select pg_reload_conf()");
  return { superuser, url: `postgres://coaching_app:${passwords.app}@${at}?sslmode=verify-full` };
}

async function startRedis(): Promise<string> {
  const port = await freePort();
  const { cert, key } = certificateIn(folder);
  const files = ["--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert];
  const only = ["--port", "0", "--tls-port", `${port}`, "--tls-auth-clients", "no", "--bind", "127.0.0.1"];
  const child: ChildProcess = spawn(
    "redis-server",
    [...only, ...files, "--requirepass", passwords.redis, "--save", ""],
    { stdio: "ignore" },
  );
  afterwards(async () => {
    const ended = once(child, "exit");
    if (child.kill()) await ended;
  });
  return `rediss://:${passwords.redis}@localhost:${port}`;
}

const postgres = await startPostgres();
const env = { DATABASE_URL: postgres.url, REDIS_URL: await startRedis(), LOG_LEVEL: "info" };
const checksOf = async (server: { url: string }) => (await call(server, "GET", "/health/ready")).json.checks;

test("a server speaks TLS with its database and its Redis, on every connection", async () => {
  const server = await serverProcess({ ...env, NODE_EXTRA_CA_CERTS: join(folder, "server.crt") });
  await server.start();
  await vi.waitFor(
    async () => expect(await checksOf(server)).toMatchObject({ database: "ok", queue: "ok", redis: "ok" }),
    patience,
  );
  const { rows } = await postgres.superuser.query(
    "select ssl from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'coaching_app'",
  );
  expect(rows.length).toBeGreaterThan(1);
  expect(rows.filter(({ ssl }) => !ssl)).toEqual([]);
  expect(await server.stop()).toBe(0);
});

test("a certificate that nobody vouches for is a database out of reach", async () => {
  const server = await serverProcess(env);
  const refused = await server.start().catch(String);
  expect(refused).toContain("the server ended with 1");
  for (const password of Object.values(passwords)) expect(refused).not.toContain(password);
});

test("a certificate that nobody vouches for is a Redis out of reach: limits are counted alone", async () => {
  const trusting = { DATABASE_URL: postgres.url.replace("verify-full", "no-verify") };
  const server = await serverProcess({ ...env, ...trusting });
  await server.start();
  await vi.waitFor(async () => expect((await checksOf(server)).redis).toBe("degraded"), patience);
  expect(server.output()).toContain("redis error");
  for (const password of Object.values(passwords)) expect(server.output()).not.toContain(password);
  expect(await server.stop()).toBe(0);
});
