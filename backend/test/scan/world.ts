import { expect, vi } from "vitest";
import { getFile, register, upload } from "../files/client.ts";
import { startTestApp, type TestApp } from "../harness/app.ts";
import { createPlatformAdmin, createTenant, type Person, type Tenant } from "../harness/client.ts";

export interface ScanWorld {
  readonly app: TestApp;
  readonly home: Tenant;
  readonly platformAdmin: Person;
}

/** An application that scans, with one tenant. */
export async function createScanWorld(env: Record<string, string>): Promise<ScanWorld> {
  const app = await startTestApp({ env });
  const [home, platformAdmin] = await Promise.all([createTenant(app), createPlatformAdmin(app)]);
  return { app, home, platformAdmin };
}

/** Waits, as long as a busy machine may take, until the file has this status. */
export const becomes = (app: TestApp, token: string, id: string, status: string) =>
  vi.waitFor(
    async () => {
      const got = await getFile(app, token, id);
      expect(got.json, got.text).toMatchObject({ status });
      return got.json;
    },
    { timeout: 18_000, interval: 100 },
  );

/** Uploads a document of the organization; the answer of register. */
export async function send(
  app: TestApp,
  { people, organizationId }: Tenant,
  bytes: Uint8Array,
  name: string,
) {
  const body = {
    target: "organizationFile",
    organizationId,
    fileName: name,
    contentType: name.endsWith(".pdf") ? "application/pdf" : "application/octet-stream",
  };
  const { storageKey } = await upload(app, people.org_admin.token, bytes, body);
  const registered = await register(app, people.org_admin.token, storageKey);
  expect(registered.status, registered.text).toBe(201);
  return registered.json;
}

/** The scan that the clock brings, when the upload's own job has had its turns. */
export async function scanRest({ deps }: TestApp): Promise<void> {
  await deps.database.sql`update file set updated_at = now() - interval '1 hour'`;
  await deps.schedules.find(({ name }) => name === "file-scan-rest")?.run();
}

export const auditOf = ({ deps }: TestApp, id: string) => deps.database.sql<
  { action: string; actor_id: string | null; organization_id: string | null; changes: unknown }[]
>`
  select action, actor_id, organization_id, changes from audit_event
  where target_id = ${id} and result = 'allowed' order by at, id`;
