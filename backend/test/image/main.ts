/**
 * `pnpm test:image`: builds what docker/Dockerfile builds, without Docker, and runs it as docker-compose.prod.yml would:
 * read-only, without rights, in production mode, with secrets from files and nothing in the image but Node and the
 * build. Needs root on Debian, git, openssl, psql and redis-server.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { operatorSettings, readCompose, readRepositoryFile, repository } from "../deploy/compose.ts";
import { freePort } from "../harness/free-port.ts";
import { runStage } from "./build.ts";
import { last, pairs, stagesOf, words } from "./dockerfile.ts";
import { adminMakesOrganization, eventually, personUploadsPicture } from "./main-job.ts";
import { startParts } from "./parts.ts";
import { addSecret, makeRoot, type Sandboxed, startIn } from "./sandbox.ts";

/** Run inside: that the rest of this test means what it says. */
const CONFINED = `
  const { readFileSync, writeFileSync } = require("node:fs");
  const { deepEqual, equal, match, throws } = require("node:assert");
  equal(process.getuid(), 10001);
  deepEqual(process.getgroups(), [10001]);
  const status = readFileSync("/proc/self/status", "utf8");
  match(status, /CapEff:\\s0+\\n/);
  match(status, /NoNewPrivs:\\s1\\n/);
  throws(() => writeFileSync("/app/server.mjs", ""), { code: "EROFS" });
  throws(() => writeFileSync("/etc/hosts", ""), { code: "EROFS" });
  throws(() => readFileSync("/bin/sh"), { code: "ENOENT" });
  writeFileSync("/tmp/x", "");`;

const began = Date.now();
const say = (text: string) =>
  console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(5)} s  ${text}`);
const checkout = fileURLToPath(repository);
const tmp = mkdtempSync(join(tmpdir(), "image-"));
process.once("exit", () => rmSync(tmp, { recursive: true, force: true }));
const root = join(tmp, "root");

const [build, runtime] = stagesOf(readRepositoryFile("docker/Dockerfile"));
assert.ok(build?.alias && runtime);
const workdir = last(runtime, "WORKDIR");
makeRoot(root, ["postgres", "redis", operatorSettings.SMTP_HOST]);
// Stages name each other's files by absolute paths, which here lie below this folder.
const stages = join(tmp, "stages");
runStage(build, checkout, join(stages, last(build, "WORKDIR")), {});
runStage(runtime, checkout, join(root, workdir), { [build.alias]: stages });
for (const name of ["sbom.cdx.json", "THIRD-PARTY-LICENCES.txt"])
  assert.ok(readFileSync(join(root, workdir, name), "utf8").includes("hono"), name);
const { components } = JSON.parse(readFileSync(join(root, workdir, "sbom.cdx.json"), "utf8"));
const megabytes = Number.parseInt(execFileSync("du", ["-sm", join(root, workdir)], { encoding: "utf8" }), 10);
say(`built: ${megabytes} MB, ${components.length} packages`);
const [, size, packages] =
  /\*\*(\d+) MB\*\* and \*\*(\d+) packages\*\*/.exec(readRepositoryFile("docs/operations/README.md")) ?? [];
assert.equal(
  components.length,
  Number(packages),
  "docs/operations/README.md counts the packages of the image",
);
assert.ok(Math.abs(megabytes / Number(size) - 1) < 0.1, "docs/operations/README.md tells its size");

// As an operator makes them; smtp_pass is theirs.
mkdirSync(join(tmp, "operator/docker"), { recursive: true });
cpSync(join(checkout, "docker/make-secrets.sh"), join(tmp, "operator/docker/make-secrets.sh"));
execFileSync(join(tmp, "operator/docker/make-secrets.sh"), { stdio: "ignore" });
const secrets = join(tmp, "operator/secrets");
const secret = (name: string) => readFileSync(join(secrets, name), "utf8").trim();
const parts = await startParts(checkout, secrets, operatorSettings.SMTP_HOST);
const running: Sandboxed[] = [];

try {
  for (const name of readdirSync(secrets)) addSecret(root, name, secret(name));
  addSecret(root, "smtp_pass", "kQ8vN3xZ");
  addSecret(root, "authority.pem", parts.authority);
  // The store of the test is the disk driver: it lies in the only folder that can be written.
  addSecret(root, "storage_signing_key", secret("metrics_token"));

  const { services } = readCompose("docker-compose.prod.yml", operatorSettings);
  const port = `${await freePort()}`;
  const toDatabase = (url = "") => url.replace("postgres:5432", `postgres:${parts.postgres.port}`);
  const environmentOf = (service: string): Record<string, string> => {
    const own = { ...pairs(last(runtime, "ENV")), ...services[service]?.environment };
    if (service === "migrate") return { ...own, DATABASE_OWNER_URL: toDatabase(own.DATABASE_OWNER_URL) };
    return {
      ...own,
      STORAGE_DRIVER: "disk",
      DATA_DIR: "/tmp/data",
      STORAGE_SIGNING_KEY_FILE: "/run/secrets/storage_signing_key",
      DATABASE_URL: toDatabase(own.DATABASE_URL),
      REDIS_URL: `redis://redis:${parts.redis.port}`,
      SMTP_PORT: `${parts.smtp.port}`,
      NODE_EXTRA_CA_CERTS: "/run/secrets/authority.pem",
      PORT: port,
    };
  };
  const [user = ""] = last(runtime, "USER").split(":");
  const start = (service: string, command: readonly string[]) => {
    const program = startIn(root, { workdir, user, env: environmentOf(service) }, command);
    running.push(program);
    return program;
  };
  const entrypoint = words(last(runtime, "ENTRYPOINT"));
  const run = async (service: string, command: readonly string[]) => {
    const program = start(service, command);
    return { code: await program.ended, output: program.output() };
  };

  const confined = await run("backend", ["node", "-e", CONFINED]);
  assert.equal(confined.code, 0, confined.output);

  const early = await run("backend", [...entrypoint, ...words(last(runtime, "CMD"))]);
  assert.equal(early.code, 1, early.output);
  assert.match(early.output, /schema is behind/);
  say("the server refuses to start before the migration");

  const migrated = await run("migrate", [...entrypoint, ...(services.migrate?.command ?? [])]);
  assert.equal(migrated.code, 0, migrated.output);
  say("migrated as owner, with no other secret");

  const preflight = await run("backend", [...entrypoint, "coachctl.mjs", "preflight"]);
  assert.equal(preflight.code, 0, preflight.output);
  say(`preflight: ${preflight.output.trim().split("\n").at(-1)}`);

  const server = start("backend", [...entrypoint, ...words(last(runtime, "CMD"))]);
  const worker = start("worker", [...entrypoint, ...(services.worker?.command ?? [])]);
  const url = `http://127.0.0.1:${port}`;
  const died = server.ended.then((code) => {
    throw new Error(`the server ended (${code}): ${server.output()}`);
  });
  died.catch(() => {});
  const ready = eventually("readiness", async () => {
    const answer = await fetch(`${url}/health/ready`);
    return answer.ok ? answer : undefined;
  });
  const answer = await Promise.race([ready, died]).catch(async (error) => {
    const health = await fetch(`${url}/health/ready`).then((r) => r.text(), String);
    throw new Error(`${error.message}\n${health}\n${server.output()}\n${worker.output()}`);
  });
  say(`ready: ${await answer.text()}`);
  assert.equal(answer.headers.get("strict-transport-security"), "max-age=31536000; includeSubDomains");

  const healthcheck = words(last(runtime, "HEALTHCHECK").replace(/^.*?CMD /, ""));
  assert.equal((await run("backend", healthcheck)).code, 0);

  const clientKey = secret("client_api_key").split(/[:,]/)[1] ?? "";
  const api = { url, publicUrl: operatorSettings.BETTER_AUTH_URL, clientKey };
  const { BOOTSTRAP_ADMIN_EMAIL: email } = operatorSettings;
  await adminMakesOrganization(api, email, secret("bootstrap_admin_password"));
  say("the first admin signed in and made an organization");
  await personUploadsPicture(api, parts.smtp).catch((error) => {
    throw new Error(`${error.message}\n${server.output()}\n${worker.output()}`);
  });
  say("somebody signed up, verified by mail over TLS, and uploaded a picture");

  for (const program of [server, worker]) program.kill("SIGTERM");
  assert.deepEqual(await Promise.all([server.ended, worker.ended]), [0, 0], server.output());
  assert.equal((await run("backend", healthcheck)).code, 1);
  for (const name of readdirSync(secrets))
    assert.ok(!`${server.output()}${worker.output()}`.includes(secret(name)), `${name} is in no log`);
  say("stopped on SIGTERM, and no secret is in a log");
} finally {
  for (const program of running) program.kill("SIGKILL");
  await parts.stop();
}
