import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import postgres from "postgres";
import { describe, expect, test, vi } from "vitest";
import { afterwards } from "../harness/afterwards.ts";
import { call, password } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { startRedis } from "../harness/redis.ts";
import { serverProcess } from "../harness/server-process.ts";
import { freshSecret, secretFolder } from "../secret-files/secret-file.ts";

const perSecond = 200;
const workers = 16;

describe("a server under load", async () => {
  const { folder, file, write } = secretFolder();
  const database = await testDatabase();
  const redis = await startRedis();
  const superuser = postgres(database.superUrl, { max: 1, onnotice: () => {} });
  const role = `loaded_${randomUUID().slice(0, 8)}`;
  const first = { database: freshSecret(), ring: freshSecret(), client: freshSecret() };
  await superuser.unsafe(`create role ${role} login password '${first.database}' in role coaching_app`);
  afterwards(async () => {
    await superuser.unsafe(`drop role if exists ${role}`);
    await superuser.end();
  });
  const signing = freshSecret();
  const metrics = freshSecret();
  const databaseUrl = Object.assign(new URL(database.appUrl), { username: role, password: "" }).href;
  const server = await serverProcess({
    DATA_DIR: folder,
    DATABASE_URL: databaseUrl,
    LOG_LEVEL: "info",
    REDIS_URL: redis.url,
    REDIS_PASSWORD_FILE: file("REDIS_PASSWORD", redis.password),
    DATABASE_PASSWORD_FILE: file("DATABASE_PASSWORD", first.database),
    BETTER_AUTH_SECRETS: "",
    BETTER_AUTH_SECRETS_FILE: file("BETTER_AUTH_SECRETS", `1:${first.ring}`),
    STORAGE_SIGNING_KEY: "",
    STORAGE_SIGNING_KEY_FILE: file("STORAGE_SIGNING_KEY", signing),
    CLIENT_API_KEY_FILE: file("CLIENT_API_KEY", `web:${first.client}`),
    METRICS_TOKEN_FILE: file("METRICS_TOKEN", metrics),
  });

  /** Writes it and waits until the server, which looks by itself, says that it uses it. */
  async function change(name: string, text: string): Promise<void> {
    const uses = () => server.output().split(`"secret":"${name}"`).length;
    const before = uses();
    write(name, text);
    await vi.waitFor(() => expect(uses()).toBeGreaterThan(before), { timeout: 30_000, interval: 100 });
  }

  const newest = { client: first.client, metrics };
  const failed: string[] = [];
  let answered = 0;

  async function ask(method: string, path: string, init: Parameters<typeof call>[3] = {}, status = 200) {
    const headers = { "x-client-key": newest.client, ...init.headers };
    try {
      const answer = await call(server, method, path, { ...init, headers });
      answered += 1;
      if (answer.status !== status) failed.push(`${method} ${path}: ${answer.status} ${answer.text}`);
      return answer;
    } catch (error) {
      failed.push(`${method} ${path}: ${error}`);
      return undefined;
    }
  }

  async function newClient() {
    const email = `p${randomUUID().slice(0, 8)}@example.test`;
    await ask("POST", "/api/auth/sign-up/email", { body: { name: "Loaded", email, password } });
    const signIn = () => ask("POST", "/api/auth/sign-in/email", { body: { email, password } });
    let token: string = (await signIn())?.json.token;
    return {
      signIn,
      token: () => token,
      /** As apps do: what the answer carries is stored. */
      async read(path: string) {
        token = (await ask("GET", path, { token }))?.headers.get("set-auth-token") ?? token;
      },
      async upload() {
        const body = { target: "avatar", fileName: "a.png", contentType: "image/png", size: 4 };
        const signed = await ask("POST", "/api/v1/files/presign", { token, body }, 201);
        if (signed?.status !== 201) return;
        const put = await fetch(signed.json.uploadUrl, {
          method: "PUT",
          headers: signed.json.headers,
          body: "none",
        });
        answered += 1;
        if (!put.ok) failed.push(`PUT: ${put.status} ${await put.text()}`);
      },
    };
  }

  test("fails no request and signs nobody out while its secrets change; a breach signs everybody out", {
    timeout: 170_000,
  }, async () => {
    await server.start();
    const clients = [];
    for (let n = 0; n < workers; n += 1) clients.push(await newClient());
    answered = 0;
    let running = true;
    const load = clients.map(async (client, who) => {
      for (let n = who; running; n += 1) {
        const next = pause((1000 * workers) / perSecond);
        if (n % 40 === 0) await client.signIn();
        else if (n % 10 === 0) await client.upload();
        else if (n % 10 === 5) await ask("GET", "/api/errors/stats", { token: newest.metrics });
        else await client.read(n % 2 ? "/api/v1/me" : "/api/v1/me/auth-sessions");
        await next;
      }
    });

    const next = { database: freshSecret(), redis: freshSecret(), ring: freshSecret() };
    // First known, then used.
    await change("BETTER_AUTH_SECRETS", `1:${first.ring},2:${next.ring}`);
    await change("BETTER_AUTH_SECRETS", `2:${next.ring},1:${first.ring}`);
    // The file first: all connections are made anew while the database still wants the old one.
    await change("DATABASE_PASSWORD", next.database);
    await pause(500);
    await superuser.unsafe(`alter role ${role} password '${next.database}'`);
    await redis.client.config("SET", "requirepass", next.redis);
    await change("REDIS_PASSWORD", next.redis);
    const [key, token] = [freshSecret(), freshSecret()];
    await change("STORAGE_SIGNING_KEY", `${freshSecret()},${signing}`);
    await change("CLIENT_API_KEY", `web:${key},web:${first.client}`);
    newest.client = key;
    await change("METRICS_TOKEN", `${token},${metrics}`);
    newest.metrics = token;
    // Old ones are not needed any more by anybody who was answered once since.
    await Promise.all(clients.map((client) => client.read("/api/v1/me")));
    await change("BETTER_AUTH_SECRETS", `2:${next.ring}`);
    await pause(1000);
    running = false;
    await Promise.all(load);

    expect(failed).toEqual([]);
    expect(answered).toBeGreaterThan(workers * 20);
    const ready = await call(server, "GET", "/health/ready");
    expect(ready.json.checks).toMatchObject({ database: "ok", queue: "ok", redis: "ok", secrets: "ok" });

    await change("BETTER_AUTH_SECRETS", `3:${freshSecret()}`);
    const out = await Promise.all(
      clients.map((client) =>
        call(server, "GET", "/api/v1/me", { token: client.token(), headers: { "x-client-key": key } }),
      ),
    );
    expect(out.map(({ status }) => status)).toEqual(Array(workers).fill(401));
    for (const secret of [...Object.values(first), ...Object.values(next), key, token])
      expect(server.output()).not.toContain(secret);
  });
});
