import { afterAll, describe, expect, it } from "vitest";
import { startTestApp, type TestApp } from "../harness/app.ts";
import { createPlatformAdmin, createTenant, type Person, type Tenant } from "../harness/client.ts";
import { createTestBucket, environmentOf } from "../storage/s3.server.ts";

/** A running application with two tenants that know nothing of each other. */
export interface World {
  readonly app: TestApp;
  readonly home: Tenant;
  readonly away: Tenant;
  readonly platformAdmin: Person;
}

async function createWorld(env: Record<string, string>): Promise<World> {
  const app = await startTestApp({ env });
  const [home, away, platformAdmin] = await Promise.all([
    createTenant(app),
    createTenant(app),
    createPlatformAdmin(app),
  ]);
  return { app, home, away, platformAdmin };
}

/** Files on the disk of the server. Call at the top of a test file. */
export const createDiskWorld = (): Promise<World> => createWorld({ STORAGE_DRIVER: "disk" });

/**
 * Files in a bucket of its own on the S3 server that S3_ENDPOINT names; null without it, and then a failed test in CI.
 * Call at the top of a test file; `remove` goes into `afterAll` by itself.
 */
export async function createS3World(): Promise<World | null> {
  const endpoint = process.env.S3_ENDPOINT;
  describe("the S3 server of the tests", () => {
    it.skipIf(endpoint === undefined && !process.env.CI)("is there: S3_ENDPOINT names it", () => {
      expect(endpoint).toMatch(/^https?:/);
    });
  });
  return endpoint === undefined ? null : createWorld(await s3Settings(endpoint));
}

/**
 * Variables that point the application at a new bucket, open to web clients of this origin; the bucket goes away after
 * the file's last test.
 */
export async function s3Settings(endpoint: string, origin?: string): Promise<Record<string, string>> {
  const { config, remove } = await createTestBucket(endpoint, origin);
  afterAll(remove);
  return environmentOf(config);
}
