import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, expect, vi } from "vitest";
import { reencrypt } from "../../src/coachctl/keys.ts";
import { rotateCommand } from "../../src/coachctl/rotate.ts";
import { fingerprint } from "../../src/config/fingerprint.ts";
import { startFleetApp } from "../harness/app.ts";
import { createTenant } from "../harness/client.ts";
import { testDatabase } from "../harness/database.ts";
import { startRedis } from "../harness/redis.ts";
import { freshSecret, secretFolder } from "../secret-files/secret-file.ts";
import { startMailServer } from "./mail-server.ts";
import { createHome, type MixedLoad, mixedLoad } from "./secrets.load.ts";

const patience = { timeout: 60_000, interval: 50 };
const organizations = 5;

/** Roles of their own for this database: the passwords of the others are everybody's. */
async function createLogins(superUrl: string) {
  const superuser = postgres(superUrl, { max: 1, onnotice: () => {} });
  const made: string[] = [];
  afterAll(async () => {
    for (const role of made) await superuser.unsafe(`drop role if exists ${role}`);
    await superuser.end();
  });
  return async (url: string, group: string, password: string): Promise<string> => {
    const role = `${group}_${randomUUID().slice(0, 8)}`;
    await superuser.unsafe(`create role ${role} login password '${password}' in role ${group}`);
    made.push(role);
    return Object.assign(new URL(url), { username: role, password: "" }).href;
  };
}

/** Two servers that have every secret from a file, people in organizations, and what it all rests on. @param more settings */
export async function createScene(
  more: (file: (name: string, content: string) => string) => Readonly<Record<string, string>> = () => ({}),
) {
  const { folder, file, write } = secretFolder();
  const database = await testDatabase();
  const logins = await createLogins(database.superUrl);
  const redis = await startRedis();
  const [ring, signing, data] = [freshSecret(), freshSecret(), freshSecret()];
  const first = {
    app: freshSecret(),
    owner: freshSecret(),
    client: freshSecret(),
    metrics: freshSecret(),
    smtp: freshSecret(),
  };
  const mailServer = await startMailServer(first.smtp);
  const settings: Readonly<Record<string, string>> = {
    DATABASE_URL: await logins(database.appUrl, "coaching_app", first.app),
    DATABASE_PASSWORD_FILE: file("DATABASE_PASSWORD", first.app),
    DATABASE_OWNER_URL: await logins(database.ownerUrl, "coaching_owner", first.owner),
    DATABASE_OWNER_PASSWORD_FILE: file("DATABASE_OWNER_PASSWORD", first.owner),
    REDIS_URL: redis.url,
    REDIS_PASSWORD: "",
    REDIS_PASSWORD_FILE: file("REDIS_PASSWORD", redis.password),
    BETTER_AUTH_SECRETS: "",
    BETTER_AUTH_SECRETS_FILE: file("BETTER_AUTH_SECRETS", `1:${ring}`),
    DATA_KEYS_FILE: file("DATA_KEYS", `1:${data}`),
    STORAGE_SIGNING_KEY: "",
    STORAGE_SIGNING_KEY_FILE: file("STORAGE_SIGNING_KEY", signing),
    CLIENT_API_KEY_FILE: file("CLIENT_API_KEY", `web:${first.client}`),
    METRICS_TOKEN_FILE: file("METRICS_TOKEN", first.metrics),
    SMTP_HOST: "localhost",
    SMTP_PORT: String(mailServer.port),
    SMTP_TLS_VERIFY: "false",
    SMTP_USER: "mailer",
    SMTP_PASS_FILE: file("SMTP_PASS", first.smtp),
    LOG_LEVEL: "info",
    ...more(file),
  };
  const headers = { "x-client-key": first.client };
  const app = { ...(await startFleetApp({ database, env: settings })), headers };
  const monitor = { token: first.metrics };
  const inFile = (name: string) => readFileSync(join(folder, name), "utf8").trim();
  const all = new Set([ring, signing, data, ...Object.values(first)]);

  /** Until the log of each server says what the runbook has one look for. */
  async function taken(...names: string[]): Promise<void> {
    for (const name of names) {
      for (const entry of inFile(name).split(",")) all.add(entry.replace(/^[^:]*:/, ""));
      const line = `"secret":"${name}","fingerprint":"${await fingerprint(name, inFile(name))}"`;
      await vi.waitFor(() => {
        for (const { output } of app.servers) expect(output().includes(line), name).toBe(true);
      }, patience);
    }
  }

  /** By the command, which waits for the servers where it would wait for ten seconds. */
  async function rotate(name: string, ...flags: string[]): Promise<void> {
    const terminal = { environment: settings, arguments: [name, ...flags], readLine: async () => "" };
    await rotateCommand(() => taken(name)).run({ ...terminal, print: () => {} });
    await taken(name);
  }

  /** `coachctl keys reencrypt`. @returns the exit code */
  const moveToCurrentKeys = () =>
    reencrypt.run({
      environment: { ...settings, NODE_ENV: "test" },
      arguments: [],
      readLine: async () => "",
      print: () => {},
    });

  async function startLoad(): Promise<MixedLoad> {
    const homes = [];
    for (let n = 0; n < organizations; n += 1) homes.push(await createHome(app, await createTenant(app)));
    return mixedLoad(app, homes, monitor);
  }

  /** Each mail that was promised has come, and each file that was uploaded is ready. */
  async function nothingIsLost({ invited }: MixedLoad): Promise<void> {
    const { sql } = app.deps.database;
    await vi.waitFor(async () => {
      const reached = new Set(mailServer.caught.flatMap(({ recipients }) => recipients));
      expect([...invited].filter((email) => !reached.has(email)).length, "mails lost").toBe(0);
      expect(await sql`select status, count(*)::int from file where status <> 'ready' group by 1`).toEqual(
        [],
      );
    }, patience);
  }

  function nothingIsTold(): void {
    for (const { output } of app.servers) for (const secret of all) expect(output()).not.toContain(secret);
  }

  const steps = { write, taken, rotate, moveToCurrentKeys };
  return { app, mailServer, monitor, inFile, ...steps, startLoad, nothingIsLost, nothingIsTold };
}

export interface Row {
  readonly secret: string;
  readonly seconds: number;
  readonly requests: number;
  readonly failures: number;
}

const table = (rows: readonly Row[]): string =>
  rows
    .map(({ secret, seconds, requests, failures }) =>
      [
        secret.padEnd(40),
        ...[`${seconds.toFixed(1)} s`, `${requests} requests`, `${Math.round(requests / seconds)}/s`],
        `${failures} failed`,
      ].join("  "),
    )
    .join("\n");

/** Changes one secret after the other while the load goes on, and says how many requests each change met. */
export async function rotating(
  load: MixedLoad,
  changes: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [secret, change] of Object.entries(changes)) {
    const [began, answered, failed] = [performance.now(), load.answered(), load.failed.length];
    await change();
    await load.round();
    rows.push({
      secret,
      seconds: (performance.now() - began) / 1000,
      requests: load.answered() - answered,
      failures: load.failed.length - failed,
    });
  }
  console.log(table(rows));
  return rows;
}
