import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { describe, expect, inject, test, vi } from "vitest";
import { temporaryFolder } from "../backup/places.ts";
import { afterwards } from "../harness/afterwards.ts";
import { call, password } from "../harness/client.ts";
import { hasFleet } from "../harness/fleet-parts.ts";
import { startNginx } from "../harness/nginx.ts";
import { serverProcess } from "../harness/server-process.ts";
import { startRedis } from "../image/parts.ts";
import { enrolling } from "../sign-in/authenticator.ts";
import { broken, type Customer, createCounter, keepBusy } from "./rehearsal.ledger.ts";
import { checkout, createPlace, fileSettings, makeSecrets, type Place } from "./rehearsal.place.ts";
import { createForeignSecrets } from "./rehearsal.secrets.ts";

const busyMs = 6000;
const admin = { email: "operator@example.test", password: "the operator of this place" };

interface Step {
  readonly name: string;
  readonly seconds: number;
  readonly requests: number;
  readonly failed: number;
  readonly lost: number;
}

/** What an operator types, with the programs as they are delivered. @throws with all that it said, unless it ends with 0 */
async function coachctl(env: Record<string, string>, words: string[], input = ""): Promise<string> {
  const program = join(inject("bundle") ?? "", "coachctl.mjs");
  const child = spawn(process.execPath, [program, ...words], {
    env: { PATH: process.env.PATH, NODE_ENV: "test", ...env },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  child.stdin.end(input);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`coachctl ${words.join(" ")} ended with ${code}: ${said}`);
  return said;
}

const table = (steps: readonly Step[]): string =>
  [
    ["step", "took", "requests", "failed", "lost"],
    ...steps.map((s) => [s.name, `${s.seconds.toFixed(1)} s`, `${s.requests}`, `${s.failed}`, `${s.lost}`]),
  ]
    .map(([name = "", ...rest]) => name.padEnd(28) + rest.map((cell) => cell.padStart(10)).join(""))
    .join("\n");

/** The steps of a bad week, each with how long it took, what was asked meanwhile, and what of it went wrong. */
function createLog(counter: ReturnType<typeof createCounter>) {
  const steps: Step[] = [];
  return {
    steps,
    async step(name: string, work: () => Promise<unknown>, lost = () => 0): Promise<void> {
      const [began, requests, failed] = [performance.now(), counter.requests(), counter.failed.length];
      await work();
      steps.push({
        name,
        seconds: (performance.now() - began) / 1000,
        requests: counter.requests() - requests,
        failed: counter.failed.length - failed,
        lost: lost(),
      });
    },
  };
}

/** Signs up, makes an organization, and turns on a second factor where `isEnrolled`. */
async function becomeCustomer(url: string, n: number, isEnrolled: boolean) {
  const email = `customer-${n}@example.test`;
  const up = await call({ url }, "POST", "/api/auth/sign-up/email", {
    body: { name: "Name 0", email, password },
  });
  if (up.status !== 200) throw new Error(up.text);
  let token: string = up.json.token;
  const body = { name: `Practice ${n}`, slug: `practice-${n}` };
  const made = await call({ url }, "POST", "/api/v1/organizations", { token, body });
  if (made.status !== 201) throw new Error(made.text);
  const device = isEnrolled ? await enrolling({ url }, token) : undefined;
  if (device) {
    const code = { code: await device.code() };
    const verified = await call({ url }, "POST", "/api/auth/two-factor/verify-totp", { token, body: code });
    token = verified.json.token;
  }
  const customer: Customer = { email, device, renamed: 0, files: [], invited: [] };
  return { customer, organizationId: made.json.id as string, signed: { token } };
}

/** Redis as it is delivered, with the password that its file has now. */
async function startOwnRedis(secrets: string) {
  const { port, stop } = await startRedis(checkout, secrets);
  afterwards(stop);
  return { stop, env: { REDIS_URL: `redis://127.0.0.1:${port}` } };
}

describe.runIf(hasFleet && process.env.S3_ENDPOINT)("an installation", () => {
  test("is set up, used, rotated, restarted, backed up, destroyed and restored, and nothing that was promised is gone", {
    timeout: 400_000,
  }, async () => {
    const secrets = makeSecrets();
    const file = (name: string) => join(secrets, name);
    const identity = await generateX25519Identity();
    writeFileSync(file("identity.txt"), identity);
    const backups = temporaryFolder();
    const foreign = await createForeignSecrets(secrets);
    const { mailServer, newest } = foreign;
    let redis = await startOwnRedis(secrets);
    const headers = { "x-client-key": newest("CLIENT_API_KEY") };
    const counter = createCounter(headers);
    const { steps, step } = createLog(counter);

    // Read by each program at its start: after the disaster they are told of another place.
    const env: Record<string, string> = {
      BETTER_AUTH_SECRETS: "",
      ...fileSettings(secrets, [
        "BETTER_AUTH_SECRETS",
        "CLIENT_API_KEY",
        "DATA_KEYS",
        "METRICS_TOKEN",
        "REDIS_PASSWORD",
        "SMTP_PASS",
      ]),
      ...redis.env,
      SMTP_HOST: "localhost",
      SMTP_PORT: `${mailServer.port}`,
      SMTP_USER: "mailer",
      SMTP_TLS_VERIFY: "false",
      TRUSTED_PROXIES: "127.0.0.1",
      ORGANIZATION_SIGNUP: "open",
      LOG_LEVEL: "info",
    };
    const servers = await Promise.all([serverProcess(env), serverProcess(env)]);
    const { url } = await startNginx(
      servers.map(({ port }) => port),
      { keptFor: "1s" },
    );
    env.BETTER_AUTH_URL = url;
    const start = () => Promise.all(servers.map((server) => server.start()));
    const moveTo = (place: Place) => Object.assign(env, place.env);

    let here = await createPlace(secrets);
    moveTo(here);
    await step("install", async () => {
      await coachctl(here.ownerEnv, ["migrate"]);
      await coachctl(env, ["admin", "create", "--email", admin.email], `${admin.password}\n`);
      await start();
    });

    const all = await Promise.all([1, 2, 3, 4].map((n) => becomeCustomer(url, n, n === 1)));
    const busy = all.map(({ customer, organizationId, signed }) =>
      keepBusy(url, counter, customer, organizationId, signed),
    );
    await step("load", () => pause(busyMs));

    // Twice as long as servers take to see it.
    const wait = ["--wait", "5"];
    const rotate = (name: string) =>
      step(`rotate ${name}`, () =>
        coachctl({ ...env, ...here.ownerEnv }, ["secrets", "rotate", name, ...wait]),
      );
    for (const name of ["BETTER_AUTH_SECRETS", "DATA_KEYS", "DATABASE_PASSWORD", "DATABASE_OWNER_PASSWORD"])
      await rotate(name);
    for (const name of ["REDIS_PASSWORD", "METRICS_TOKEN", "CLIENT_API_KEY"]) await rotate(name);
    await foreign.taken(servers, "METRICS_TOKEN", "CLIENT_API_KEY");
    headers["x-client-key"] = newest("CLIENT_API_KEY");
    await counter.ask(url, "GET", "/api/errors/stats", { token: newest("METRICS_TOKEN") });
    /** Whatever customers had begun is done. */
    const settled = async () => {
      const before = busy.map(({ promises }) => promises().renamed);
      await vi.waitFor(
        () => {
          for (const [n, { promises }] of busy.entries())
            expect(promises().renamed).toBeGreaterThan((before[n] ?? 0) + 4);
        },
        { timeout: 60_000, interval: 100 },
      );
    };
    await step("change SMTP_PASS", () => foreign.changeMailPassword(servers));
    await step("change the server's S3 key", () => foreign.changeStoreKey(servers, "S3", settled));
    await step("change the S3 key of uploads", () => foreign.changeStoreKey(servers, "S3_UPLOAD", settled));
    await step("restart one by one", async () => {
      for (const server of servers) {
        expect(await server.stop()).toBe(0);
        await server.start();
      }
    });

    const promised = busy.map(({ promises }) => promises());
    let backup = "";
    await step("back up, under load", async () => {
      const recipient = { BACKUP_RECIPIENT: await identityToRecipient(identity) };
      const said = await coachctl({ ...here.env, ...recipient }, ["backup", "--to", backups]);
      backup = said.split(/\s/, 1)[0] ?? "";
    });
    await Promise.all(busy.map(({ stop }) => stop()));
    for (const { files, invited, renamed } of promised)
      expect(Math.min(files.length, invited.length, renamed)).toBeGreaterThan(0);

    await step("lose everything", async () => {
      await Promise.all(servers.map((server) => server.stop("SIGKILL")));
      await Promise.all([here.destroy(), redis.stop()]);
    });

    here = await createPlace(secrets);
    moveTo(here);
    redis = await startOwnRedis(secrets);
    Object.assign(env, redis.env);
    await step("restore --verify", () =>
      coachctl({ ...env, ...here.ownerEnv }, [
        ...["restore", "--from", join(backups, backup)],
        ...["--identity-file", file("identity.txt"), "--verify"],
      ]),
    );

    const gone: string[] = [];
    await step(
      "serve again, and compare",
      async () => {
        await start();
        for (const [n, one] of promised.entries())
          gone.push(...(await broken(url, counter, one, all[n]?.customer.device)));
        // Those that had been sent, and those that were waiting when the backup was made.
        const invited = promised.flatMap((one) => one.invited);
        const unsent = () => {
          const reached = new Set(mailServer.caught.flatMap(({ recipients }) => recipients));
          return invited.filter((email) => !reached.has(email));
        };
        await expect.poll(unsent, { timeout: 60_000 }).toEqual([]);
        await coachctl(here.env, ["files", "check"]);
        await coachctl(here.env, ["audit", "verify"]);
      },
      () => gone.length,
    );

    console.log(table(steps));
    expect(gone).toEqual([]);
    expect(counter.failed).toEqual([]);
  });
});
