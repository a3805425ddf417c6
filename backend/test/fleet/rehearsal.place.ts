import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { repository } from "../deploy/compose.ts";
import { afterwards } from "../harness/afterwards.ts";
import { startPostgres } from "../image/parts.ts";
import { createTestBucket, environmentOf } from "../storage/s3.server.ts";

const checkout = fileURLToPath(repository);

/** What an operator holds: a folder with a file for each secret, made by the script that is delivered. */
export function makeSecrets(): string {
  const folder = mkdtempSync(join(tmpdir(), "coaching-operator-"));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "docker"));
  const script = join(folder, "docker/make-secrets.sh");
  cpSync(join(checkout, "docker/make-secrets.sh"), script);
  execFileSync(script, { stdio: "ignore" });
  return join(folder, "secrets");
}

/** An empty database of a new cluster, and an empty bucket: where an installation begins, and where it is restored to. */
export async function createPlace(secrets: string) {
  const postgres = await startPostgres(checkout, secrets);
  const bucket = await createTestBucket(process.env.S3_ENDPOINT ?? "");
  // The keys of the test's store are its own; servers read them from files like all secrets.
  const {
    S3_SECRET_ACCESS_KEY = "",
    S3_UPLOAD_SECRET_ACCESS_KEY = "",
    ...store
  } = environmentOf(bucket.config);
  const stored = {
    s3_secret_access_key: S3_SECRET_ACCESS_KEY,
    s3_upload_secret_access_key: S3_UPLOAD_SECRET_ACCESS_KEY,
  };
  for (const [name, value] of Object.entries(stored)) {
    rmSync(join(secrets, name), { force: true });
    writeFileSync(join(secrets, name), value);
  }
  let isThere = true;
  /** With all that is in it. */
  const destroy = async () => {
    if (!isThere) return;
    isThere = false;
    await postgres.stop();
    await bucket.remove();
  };
  afterwards(destroy);
  const at = `127.0.0.1:${postgres.port}/coaching_app`;
  return {
    destroy,
    env: {
      ...store,
      S3_SECRET_ACCESS_KEY_FILE: join(secrets, "s3_secret_access_key"),
      S3_UPLOAD_SECRET_ACCESS_KEY_FILE: join(secrets, "s3_upload_secret_access_key"),
      DATABASE_URL: `postgres://coaching_app@${at}`,
      DATABASE_PASSWORD_FILE: join(secrets, "database_password"),
    },
    ownerEnv: {
      DATABASE_OWNER_URL: `postgres://coaching_owner@${at}`,
      DATABASE_OWNER_PASSWORD_FILE: join(secrets, "database_owner_password"),
    },
  };
}

export type Place = Awaited<ReturnType<typeof createPlace>>;
