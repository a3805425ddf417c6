import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { startEmbeddedPostgres } from "../../src/db/embedded.ts";
import { migrate } from "../../src/db/migrate.ts";
import { appRole, createRoles, ownerRole } from "../../src/db/roles.ts";

/** Addresses of one database, by the role that connects. */
export interface DatabaseUrls {
  readonly appUrl: string;
  readonly ownerUrl: string;
  readonly superUrl: string;
}

declare module "vitest" {
  interface ProvidedContext {
    /** Of the migrated template; nobody can connect to it. */
    templateUrls: DatabaseUrls;
  }
}

const templateName = "coaching_app_template";

function withLogin(url: string, user: string, password: string): string {
  return Object.assign(new URL(url), { username: user, password }).href;
}

/** One PostgreSQL a run, with a migrated template that each test file copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "coaching-app-test-"));
  chmodSync(folder, 0o755);
  const secret = () => randomBytes(16).toString("hex");
  const server = await startEmbeddedPostgres({
    dataDir: join(folder, "data"),
    superuserPassword: secret(),
    ephemeral: true,
  });
  const stop = async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const [ownerPassword, appPassword] = [secret(), secret()];
    const superUrl = server.url(templateName);
    const templateUrls = {
      superUrl,
      ownerUrl: withLogin(superUrl, ownerRole, ownerPassword),
      appUrl: withLogin(superUrl, appRole, appPassword),
    };
    const superuser = new pg.Client(server.url("postgres"));
    await superuser.connect();
    await createRoles(superuser, { ownerPassword, appPassword, database: templateName });
    await migrate({ ownerUrl: templateUrls.ownerUrl });
    await superuser.query(`alter database ${templateName} is_template true allow_connections false`);
    await superuser.end();
    project.provide("templateUrls", templateUrls);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}
