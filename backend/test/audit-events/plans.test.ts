import postgres from "postgres";
import { afterAll, expect, test } from "vitest";
import { sealAuditEvents } from "../../src/db/audit-seal.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPlatformAdmin, createTenant } from "../harness/client.ts";
import { logOf, platformLog } from "./logs.ts";

const app = await startTestApp({ worker: false });
const sql = postgres(app.database.ownerUrl, { max: 1 });
afterAll(() => sql.end());
const { token } = await createPlatformAdmin(app);
const { organizationId, people } = await createTenant(app);

/** What PostgreSQL does where reading whole tables is out of the question, as it is once they are long. */
async function planOf(statement: string): Promise<string> {
  const rows = await sql.unsafe(`explain (generic_plan) ${statement}`);
  return rows.map((row) => row["QUERY PLAN"]).join("\n");
}

test("long logs are read in the order of an index, never sorted, the platform's too", async () => {
  app.statements.length = 0;
  await sealAuditEvents(app.deps.db);
  await call(app, "GET", logOf(organizationId), { token: people.org_admin.token });
  for (const log of [logOf(organizationId), platformLog])
    for (const query of [
      "",
      "?action=note.*&result=denied",
      `?actorId=${people.coach.userId}`,
      "?from=2026-01-01T00:00:00Z",
      "/verify",
    ])
      expect((await call(app, "GET", `${log}${query}`, { token })).status).toBe(200);
  const read = new Set(
    app.statements.filter((text) => /from "?audit_(event|seal)/.test(text) && /order by/.test(text)),
  );
  expect(read.size).toBeGreaterThan(9);
  await sql`set enable_seqscan = off`;
  await sql`set enable_bitmapscan = off`;
  for (const statement of read) expect(await planOf(statement), statement).not.toMatch(/Sort|Seq Scan/);
});
