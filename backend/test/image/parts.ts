import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { freePort } from "../harness/free-port.ts";
import { selfSignedCertificate, startSmtpCatcher } from "../mail/smtp-catcher.ts";

/** PostgreSQL with the roles that docker/postgres-init.sh makes, run as the official image runs it. */
export async function startPostgres(repository: string, secrets: string) {
  const superuserPassword = crypto.randomUUID();
  const folder = mkdtempSync(join(tmpdir(), "image-postgres-"));
  chmodSync(folder, 0o755); // the account that runs PostgreSQL passes through
  const dataDir = join(folder, "data");
  const server = await startEmbeddedPostgres({ dataDir, superuserPassword, ephemeral: true });
  const { port } = new URL(server.url("postgres"));
  execFileSync("bash", [join(repository, "docker/postgres-init.sh")], {
    stdio: ["ignore", 2, 2],
    env: {
      ...{ PATH: process.env.PATH, PGHOST: "127.0.0.1", PGPORT: port, PGPASSWORD: superuserPassword },
      DATABASE_PASSWORD_FILE: join(secrets, "database_password"),
      DATABASE_OWNER_PASSWORD_FILE: join(secrets, "database_owner_password"),
    },
  });
  return {
    port,
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Redis by docker/redis.sh, which reads its password from the secret. */
export async function startRedis(repository: string, secrets: string) {
  const port = await freePort();
  const server = spawn(
    join(repository, "docker/redis.sh"),
    ["--port", `${port}`, "--bind", "127.0.0.1", "--logfile", ""],
    {
      stdio: "ignore",
      env: { PATH: process.env.PATH, REDIS_PASSWORD_FILE: join(secrets, "redis_password") },
    },
  );
  return {
    port,
    async stop() {
      const ended = once(server, "exit");
      if (server.exitCode === null && server.kill()) await ended;
    },
  };
}

/** What the image needs beside it, on free ports of this machine, with the secrets of docker/make-secrets.sh. */
export async function startParts(repository: string, secrets: string, smtpHost: string) {
  const certificate = selfSignedCertificate(smtpHost);
  const [postgres, redis, smtp] = await Promise.all([
    startPostgres(repository, secrets),
    startRedis(repository, secrets),
    startSmtpCatcher({
      ...certificate,
      authOptional: false,
      onAuth: ({ username }, _, done) => done(null, { user: username }),
    }),
  ]);
  return {
    postgres,
    redis,
    smtp,
    /** Who vouches for the mail server. */
    authority: certificate.cert,
    stop: () => Promise.allSettled([postgres.stop(), redis.stop(), smtp.stop()]),
  };
}

export type Parts = Awaited<ReturnType<typeof startParts>>;
