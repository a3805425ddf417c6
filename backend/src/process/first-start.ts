import { checkPublicEndpoint } from "../adapters/storage/public-check.ts";
import type { Config } from "../config/config.ts";
import type { Queryable } from "../db/client.ts";
import { isSuperuser } from "../db/roles.ts";
import { schemaState } from "../db/schema-state.ts";
import type { Deps } from "../deps.ts";
import { createDemoData } from "../seed/demo-data.ts";
import { createPlatformAdmin } from "../seed/platform-admin.ts";

/** @throws Error in production for a superuser; everywhere for a schema that this release cannot work with. */
export async function refuseUnsafeDatabase({
  config,
  database,
}: {
  config: Pick<Config, "mode">;
  database: Queryable;
}): Promise<void> {
  const state = await schemaState(database);
  if (state === "behind")
    throw new Error(
      "The database schema is behind this release: run `coachctl migrate` with DATABASE_OWNER_URL first",
    );
  if (config.mode !== "production") return;
  if (await isSuperuser(database))
    throw new Error("DATABASE_URL connects as a superuser: use the least-privilege role coaching_app");
}

/**
 * Says in the log when clients could not use the URLs that we sign. Not worth refusing to start: the store may come
 * later than we do.
 */
export async function checkSignedUrls({ config, log }: Pick<Deps, "config" | "log">): Promise<void> {
  try {
    await checkPublicEndpoint(config);
  } catch (error) {
    log.error({ reason: reasonOf(error) }, "clients cannot upload or download: S3_PUBLIC_ENDPOINT");
  }
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : "unknown error");

/** The first platform admin, and in development the demo organizations. */
export async function prepareFirstStart({
  config,
  db,
  passwords,
  log,
}: Pick<Deps, "config" | "db" | "passwords" | "log">) {
  const bootstrap = config.auth.bootstrapAdmin;
  if (bootstrap && (await createPlatformAdmin(db, passwords, { ...bootstrap, always: false })))
    log.info("first platform admin created");
  if (config.demoData) await createDemoData(db, passwords);
}
