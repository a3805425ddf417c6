/**
 * `node backend/test/deploy/healthchecks.ts <folder with prometheus>`: runs each health check of the Compose files,
 * word for word, against the program it is for: it has to fail before that starts, and to pass after. The checks name
 * usual ports, so this needs a network of its own (`unshare --net`). Needs root on Debian, and what .ci/deploy.sh installs.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { startPostgres } from "../image/parts.ts";
import { operatorSettings, readCompose, repository } from "./compose.ts";

type Stop = () => Promise<unknown>;
type Environment = Readonly<Record<string, string>>;

const checkout = fileURLToPath(repository);
const tmp = mkdtempSync(join(tmpdir(), "healthchecks-"));
process.once("exit", () => rmSync(tmp, { recursive: true, force: true }));
mkdirSync(join(tmp, "docker"));
cpSync(join(checkout, "docker/make-secrets.sh"), join(tmp, "docker/make-secrets.sh"));
execFileSync(join(tmp, "docker/make-secrets.sh"), { stdio: "ignore" });
const secrets = join(tmp, "secrets");
const inCheckout = (path: string): string => join(checkout, path);

/** What the containers are told, and where things lie here. */
const env: Record<string, string> = {
  BETTER_AUTH_URL: "http://api.localhost:8080",
  S3_PUBLIC_ENDPOINT: "http://files.localhost:8080",
  REDIS_PASSWORD_FILE: join(secrets, "redis_password"),
  HOME: tmp,
};
const moved: Environment = {
  "/etc/clamav/coaching.conf": join(tmp, "clamd.conf"),
  "/etc/prometheus/prometheus.yml": join(tmp, "prometheus.yml"),
  "=/prometheus": `=${join(tmp, "metrics")}`,
};
const atHome = (word: string): string =>
  Object.entries(moved).reduce((text, [from, to]) => text.replace(from, to), word);

async function program(command: string, ...words: string[]): Promise<Stop> {
  const child = spawn(command, words.map(atHome), { stdio: "ignore", env: { ...process.env, ...env } });
  await once(child, "spawn");
  return async () => {
    const ended = once(child, "exit");
    if (child.exitCode === null && child.kill()) await ended;
  };
}

/** In the place of an image that cannot run here: answers one path, as its documentation says. */
async function answering(port: number, path: string): Promise<Stop> {
  const server = createServer(({ url }, response) => response.writeHead(url === path ? 200 : 404).end());
  await once(server.listen(port, "127.0.0.1"), "listening");
  return async () => {
    server.closeAllConnections();
    await once(server.close(), "close");
  };
}

async function postgres(): Promise<Stop> {
  const { port, stop } = await startPostgres(checkout, secrets);
  env.PGPORT = port;
  return stop;
}

async function clamav(): Promise<Stop> {
  const signatures = join(tmp, "signatures");
  mkdirSync(signatures);
  writeFileSync(join(signatures, "none.ndb"), "Test.Never:0:*:0123456789abcdef0123456789abcdef\n");
  const conf = readFileSync(inCheckout("docker/clamd.conf"), "utf8");
  writeFileSync(join(tmp, "clamd.conf"), conf.replace("/var/lib/clamav", signatures));
  return program("/usr/sbin/clamd", "--foreground", "--config-file=/etc/clamav/coaching.conf");
}

const monitor = readCompose("docker-compose.monitoring.yml", {}).services.prometheus;

async function prometheus(): Promise<Stop> {
  const conf = readFileSync(inCheckout("docker/monitoring/prometheus.yml"), "utf8");
  writeFileSync(join(tmp, "prometheus.yml"), conf.replace("/run/secrets", secrets));
  cpSync(inCheckout("docker/monitoring/alerts.yml"), join(tmp, "alerts.yml"));
  return program(join(process.argv[2] ?? "", "prometheus"), ...(monitor?.command ?? []));
}

const caddy = () =>
  program("caddy", "run", "--adapter", "caddyfile", "--config", inCheckout("docker/Caddyfile"));
const store = () => answering(9000, "/minio/health/ready");
const starts: Readonly<Record<string, () => Promise<Stop>>> = {
  "docker-compose.yml proxy": () => answering(3001, "/health/live"),
  "docker-compose.yml postgres": postgres,
  "docker-compose.yml redis": () => program("redis-server", "--save", "", "--appendonly", "no"),
  "docker-compose.yml store": store,
  "docker-compose.prod.yml proxy": caddy,
  "docker-compose.prod.yml postgres": postgres,
  "docker-compose.prod.yml redis": () => program("/bin/sh", inCheckout("docker/redis.sh")),
  "docker-compose.prod.yml store": store,
  "docker-compose.scan.yml clamav": clamav,
  "docker-compose.monitoring.yml prometheus": prometheus,
};
/** A program of the image's own. */
const notHere = ["docker-compose.yml mailpit"];

async function isHealthy([kind, ...words]: readonly string[]): Promise<boolean> {
  const [command = "", ...rest] =
    kind === "CMD-SHELL" ? ["sh", "-c", words.join(" ").replaceAll("$$", "$")] : words.map(atHome);
  const child = spawn(command, rest, { stdio: "ignore", env: { ...process.env, ...env }, timeout: 10_000 });
  const [code] = await once(child, "exit");
  return code === 0;
}

const files = [...new Set(Object.keys(starts).map((name) => name.split(" ")[0] ?? ""))];
const checks = files.flatMap((file) =>
  Object.entries(readCompose(file, operatorSettings).services).flatMap(([service, { healthcheck }]) =>
    healthcheck?.test ? [{ name: `${file} ${service}`, test: healthcheck.test }] : [],
  ),
);
assert.deepEqual(checks.map(({ name }) => name).toSorted(), [...Object.keys(starts), ...notHere].toSorted());

for (const { name, test } of checks.filter((check) => !notHere.includes(check.name))) {
  assert.equal(await isHealthy(test), false, `${name} passes before anything runs`);
  const stop = await starts[name]?.();
  try {
    const limit = Date.now() + 60_000;
    while (!(await isHealthy(test))) {
      assert.ok(Date.now() < limit, `${name} does not pass: ${test.join(" ")}`);
      await pause(200);
    }
  } finally {
    await stop?.();
  }
}
console.log(`${checks.length - notHere.length} health checks fail and pass as they should`);
