import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { describe, expect, inject, test } from "vitest";
import { temporaryFolder } from "../backup/places.ts";
import { call, password } from "../harness/client.ts";
import { hasFleet } from "../harness/fleet-parts.ts";
import { startNginx } from "../harness/nginx.ts";
import { startRedis } from "../harness/redis.ts";
import { serverProcess } from "../harness/server-process.ts";
import { enrolling } from "../sign-in/authenticator.ts";
import { broken, type Customer, createCounter, keepBusy } from "./rehearsal.ledger.ts";
import { createPlace, makeSecrets, type Place } from "./rehearsal.place.ts";

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
  const customer: Customer = { email, device, renamed: 0, files: [] };
  return { customer, organizationId: made.json.id as string, signed: { token } };
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
    const redis = await startRedis();
    const counter = createCounter();
    const { steps, step } = createLog(counter);

    // Read by each program at its start: after the disaster they are told of another place.
    const env: Record<string, string> = {
      BETTER_AUTH_SECRETS: "",
      BETTER_AUTH_SECRETS_FILE: file("better_auth_secrets"),
      DATA_KEYS_FILE: file("data_keys"),
      METRICS_TOKEN_FILE: file("metrics_token"),
      REDIS_URL: redis.url,
      REDIS_PASSWORD: redis.password,
      TRUSTED_PROXIES: "127.0.0.1",
      ORGANIZATION_SIGNUP: "open",
      LOG_LEVEL: "error",
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
    for (const name of ["BETTER_AUTH_SECRETS", "DATA_KEYS", "DATABASE_PASSWORD", "METRICS_TOKEN"])
      await step(`rotate ${name}`, () => coachctl(env, ["secrets", "rotate", name, ...wait]));
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
    expect(promised.every(({ files, renamed }) => files.length > 0 && renamed > 0)).toBe(true);

    await step("lose everything", async () => {
      await Promise.all(servers.map((server) => server.stop("SIGKILL")));
      await here.destroy();
      await redis.client.flushall();
    });

    here = await createPlace(secrets);
    moveTo(here);
    await step("restore --verify", () =>
      coachctl({ ...here.env, ...here.ownerEnv }, [
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
