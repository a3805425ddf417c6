import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { repository } from "../deploy/compose.ts";
import { afterwards } from "../harness/afterwards.ts";
import { startPostgres } from "../image/parts.ts";
import { createTestBucket, environmentOf } from "../storage/s3.server.ts";

export const checkout = fileURLToPath(repository);

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

/** Each secret by the file that is named like it. */
export const fileSettings = (secrets: string, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [`${name}_FILE`, join(secrets, name.toLowerCase())]));

/** An empty database of a new cluster, and an empty bucket: where an installation begins, and where it is restored to. */
export async function createPlace(secrets: string) {
  const postgres = await startPostgres(checkout, secrets);
  const bucket = await createTestBucket(process.env.S3_ENDPOINT ?? "");
  const store = Object.entries(environmentOf(bucket.config)).filter(([name]) => !name.includes("_KEY"));
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
      ...Object.fromEntries(store),
      ...fileSettings(secrets, [
        "S3_ACCESS_KEY_ID",
        "S3_SECRET_ACCESS_KEY",
        "S3_UPLOAD_ACCESS_KEY_ID",
        "S3_UPLOAD_SECRET_ACCESS_KEY",
        "DATABASE_PASSWORD",
      ]),
      DATABASE_URL: `postgres://coaching_app@${at}`,
    },
    ownerEnv: {
      DATABASE_OWNER_URL: `postgres://coaching_owner@${at}`,
      ...fileSettings(secrets, ["DATABASE_OWNER_PASSWORD"]),
    },
  };
}

export type Place = Awaited<ReturnType<typeof createPlace>>;
