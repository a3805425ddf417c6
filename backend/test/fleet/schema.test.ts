import { expect, test } from "vitest";
import { migrate } from "../../src/db/migrate.ts";
import { defaultMigrationsFolder, expectedMigrations } from "../../src/db/schema-state.ts";
import { testDatabase } from "../harness/database.ts";
import { serverProcess } from "../harness/server-process.ts";
import { emptyDatabase, migrationsFolder } from "../operate/migrations.ts";

const newest = expectedMigrations(defaultMigrationsFolder()).length;

async function serverOn(folder: string, { appUrl, ownerUrl }: { appUrl: string; ownerUrl: string }) {
  await migrate({ ownerUrl, folder });
  return serverProcess({ DATABASE_URL: appUrl, WORKER: "off" });
}

test("a server ends with an error on a schema that is one migration older than it needs", async () => {
  const server = await serverOn(migrationsFolder(newest - 1), await emptyDatabase());
  await expect(server.start()).rejects.toThrow(/ended with 1: .*behind this release.*coachctl migrate/);
});

test("a server starts on a schema that is a release ahead", async () => {
  const next = migrationsFolder(newest, { next: 'ALTER TABLE "user" ADD COLUMN "nickname" text;' });
  const server = await serverOn(next, await testDatabase());
  await server.start();
  expect(await server.stop()).toBe(0);
});
