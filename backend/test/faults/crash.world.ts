import { readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, vi } from "vitest";
import { createAuditLog } from "../../src/adapters/audit/audit-log.ts";
import { createImages } from "../../src/adapters/images/sharp.ts";
import type { Caller } from "../../src/auth/actor.ts";
import { databaseOver } from "../../src/db/client.ts";
import type { FilesDeps } from "../../src/features/files/files.deps.ts";
import { createFileJobs } from "../../src/features/files/files.jobs.ts";
import { findMissing } from "../../src/features/files/files.missing.ts";
import { takeStock } from "../../src/features/files/files.orphans.ts";
import type { Presign } from "../../src/features/files/files.schema.ts";
import { createStoreSweep } from "../../src/features/files/files.sweep.ts";
import { startTestApp, type TestApp } from "../harness/app.ts";
import { createTenant, type Person } from "../harness/client.ts";
import { type Crash, crashingPool, crashingStorage, createCrash, type Mishap, type Moment } from "./crash.ts";

/** The application with one tenant, and no files before each test. */
export async function crashWorld() {
  const app = await startTestApp();
  const tenant = await createTenant(app);
  const boss = tenant.people.org_admin;
  const paper = { target: "organizationFile", organizationId: tenant.organizationId } as const;
  beforeEach(() => wipe(app));
  return { app, tenant, boss, caller: await callerOf(app, boss), paper };
}

/** The person as the verbs of a service see one. */
export async function callerOf({ deps }: TestApp, { token }: Person): Promise<Caller> {
  const verified = deps.tokens.verify(token);
  const found = verified && (await deps.sessions.find(verified.raw));
  if (!found) throw new Error("no such session");
  return { ...found.actor, origin: { ip: "127.0.0.1", client: null, requestId: "crash" } };
}

/** What the verbs are built of, in a process that dies when `crash` says. */
function crashingDeps(app: TestApp, crash: Crash): { deps: FilesDeps; end(): Promise<void> } {
  const { pool, end } = crashingPool(app.database.appUrl, crash);
  const db = databaseOver(pool);
  const deps: FilesDeps = {
    ...filesDeps(app),
    db,
    audit: createAuditLog({ db, log: app.deps.log, pseudonymOf: (address) => address }),
    storage: crashingStorage(app.deps.storage, crash),
  };
  return { deps, end };
}

export const filesDeps = ({ deps, config }: TestApp): FilesDeps => ({
  db: deps.db,
  audit: deps.audit,
  queue: deps.queue,
  storage: deps.storage,
  scanning: { mode: "off" },
  frontendUrl: config.frontendUrl,
  storageIsUp: async () => undefined,
  images: createImages(),
  imageOriginals: config.imageOriginals,
  limits: config.fileLimits,
  quotaBytes: config.storageQuota,
});

/** One step of a verb, and what happens to it. */
export interface Point {
  readonly mishap: Mishap;
  readonly at: number;
  readonly moment: Moment;
}

/** Runs a verb in a process to which this happens; says whether the verb ended before it could. */
export async function runUntil(
  app: TestApp,
  { mishap, at, moment }: Point,
  verb: (deps: FilesDeps) => Promise<unknown>,
): Promise<{ survived: boolean; label: string }> {
  const crash = createCrash(mishap, at, moment);
  const { deps, end } = crashingDeps(app, crash);
  await Promise.race([verb(deps).catch(() => undefined), crash.death]);
  await end();
  return {
    survived: !crash.happened(),
    label: `${mishap} ${moment} step ${at} (${crash.steps[at - 1]})`,
  };
}

/** One step later each time, before and after each, until a run survives; says how many steps there are. */
export async function atEveryStep(mishap: Mishap, one: (point: Point) => Promise<boolean>): Promise<number> {
  let at = 1;
  for (; at < 100; at++) {
    const before = await one({ mishap, at, moment: "before" });
    const after = await one({ mishap, at, moment: "after" });
    if (before && after) break;
  }
  return at - 1;
}

/** presign and the bytes in staging, as a client's PUT would leave them. */
export async function staged(app: TestApp, caller: Caller, bytes: Uint8Array, body: Partial<Presign>) {
  const input = { fileName: "a.pdf", contentType: "application/pdf", size: bytes.length, ...body } as Presign;
  const { storageKey } = await app.deps.services.files.presign(caller, input);
  await app.deps.storage.put(`staging/${storageKey}`, bytes, {
    contentType: input.contentType,
    size: bytes.length,
  });
  return storageKey;
}

/** The file that an upload became, or may become. */
export async function fileIdOf({ deps }: TestApp, storageKey: string): Promise<string> {
  const [intent] = await deps.database.sql<{ file_id: string }[]>`
    select file_id from upload_intent where storage_key = ${storageKey}`;
  return String(intent?.file_id);
}

/** The clean-up that comes round by the clock, now. */
export const sweep = (app: TestApp, deps = filesDeps(app)) => createFileJobs(deps).schedules[0]?.run();

/** What comes round once a day, now. */
export const sweepStore = (app: TestApp, deps = filesDeps(app)) =>
  createStoreSweep(deps, { info: () => undefined, error: () => undefined }).run();

/** Makes every intent run out, every object in staging two hours old, and every other one two days. */
export async function letTimePass(app: TestApp): Promise<void> {
  await app.deps.database.sql`
    update upload_intent set expires_at = now() - interval '2 hours', claimed_at = claimed_at - interval '3 hours'`;
  const hoursAgo = (hours: number) => Date.now() / 1000 - hours * 3600;
  const root = join(app.config.dataDir, "files", "objects");
  for (const name of readdirSync(root, { recursive: true }).map(String))
    if (statSync(join(root, name)).isFile()) {
      const then = hoursAgo(name.startsWith("staging/") ? 2 : 48);
      utimesSync(join(root, name), then, then);
    }
}

/** No files, no intents, no objects. */
async function wipe({ deps }: TestApp): Promise<void> {
  await deps.database.sql`delete from upload_intent`;
  await deps.database.sql`delete from file`;
  for await (const { key } of deps.storage.list("")) await deps.storage.delete(key);
}

/** Every object belongs to a row and every row that has bytes has its object; waits for the jobs that see to it. */
export async function expectNothingLeftOver(app: TestApp): Promise<void> {
  await vi.waitFor(async () => {
    const rows = await app.deps.database.sql<{ key: string }[]>`
      select 'objects/' || coalesce(organization_id, uploaded_by) || '/' || id || suffix as key
      from file, unnest(array[''] || array(select '.' || size || '.webp' from unnest(sizes) size)) suffix
      where status <> 'rejected'`;
    const missing = new Set(rows.map(({ key }) => key));
    const ownerless: string[] = [];
    for await (const { key } of app.deps.storage.list("")) if (!missing.delete(key)) ownerless.push(key);
    expect({ missing: [...missing], ownerless }).toEqual({ missing: [], ownerless: [] });
  }, 8000);
}

/** The same by the product's own comparison, which must not have had anything to do. */
export async function expectSoundStore({ deps }: TestApp): Promise<void> {
  const { orphans, keys } = await takeStock(deps, Date.now() + 48 * 3600 * 1000);
  const { missing, ids } = await findMissing(deps);
  expect({ orphans, keys, missing, ids }).toEqual({ orphans: 0, keys: [], missing: 0, ids: [] });
}
