import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { describe, expect, it } from "vitest";
import { sealAuditEvents } from "../../src/db/audit-seal.ts";
import { verifyAuditLog } from "../../src/db/audit-verify.ts";
import { createDatabase, type Database } from "../../src/db/client.ts";
import { auditLogs, intact, ORG, OTHER, record } from "./logs.ts";

const { urls, db, owner, clear, sealedLog } = await auditLogs();

describe("verifying", () => {
  it("does not depend on the session's time zone", async () => {
    await sealedLog();
    const elsewhere = new pg.Pool({
      connectionString: urls.appUrl,
      max: 1,
      options: "-c timezone=Asia/Kathmandu",
    });
    expect(await verifyAuditLog(drizzle({ client: elsewhere }) as unknown as Database, ORG)).toEqual(
      intact(5),
    );
    await elsewhere.end();
  });

  it.each([
    ["at", "at + interval '1 microsecond'"],
    ["action", "'note.read'"],
    ["actor_type", "'system'"],
    ["actor_id", "null"],
    ["target_type", "'goal'"],
    ["target_id", "''"],
    ["result", "'denied'"],
    ["ip", "'192.0.2.2'"],
    ["client", "null"],
    ["client", "'null'"],
    ["client", "'NULL'"],
    ["request_id", "'r-2'"],
    ["changes", `'{"title":["old","newer"],"n":1}'`],
  ])("finds a changed %s and names the seal and its range", async (column, value) => {
    const [, b, , d, e] = await sealedLog();
    await owner.unsafe(`update audit_event set ${column} = ${value} where id = '${d}'`);
    expect(await verifyAuditLog(db, ORG)).toEqual({
      valid: false,
      checked: 2,
      firstBroken: {
        seal: 2,
        problem: "contents_changed",
        afterEventId: b,
        upToEventId: e,
        sealedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/),
      },
    });
  });

  it("finds an event that got another id, another log or another place in the order", async () => {
    for (const change of [
      `id = '0190a000-0000-7000-8000-00000000ffff'`,
      `organization_id = '${OTHER}'`,
      `xid = (xid::text::bigint + 1000000)::text::xid8`,
      `xid = '3'`,
    ]) {
      await clear();
      const [, , c] = await sealedLog();
      await owner.unsafe(`update audit_event set ${change} where id = '${c}'`);
      expect((await verifyAuditLog(db, ORG)).valid, change).toBe(false);
    }
  });

  it("finds a deleted event, in the middle as at either end", async () => {
    for (const victim of [0, 1, 2, 3, 4]) {
      await clear();
      const ids = await sealedLog();
      await owner`delete from audit_event where id = ${ids[victim] ?? ""}`;
      expect(await verifyAuditLog(db, ORG)).toMatchObject({
        valid: false,
        firstBroken: { seal: victim < 2 ? 1 : 2, problem: "events_missing" },
      });
    }
  });

  it("finds an event put into a sealed range, and two that were swapped for one another's words", async () => {
    const [a, b] = await sealedLog();
    await owner`
      insert into audit_event (id, organization_id, xid, action, actor_type, result)
      select gen_random_uuid(), ${ORG}, xid, 'x', 'system', 'allowed' from audit_event where id = ${b}`;
    const [first] = await owner`select count(*)::int as n from audit_event where organization_id = ${ORG}`;
    expect(first?.n).toBe(6);
    expect((await verifyAuditLog(db, ORG)).valid).toBe(false);
    await owner`delete from audit_event where action = 'x'`;
    expect(await verifyAuditLog(db, ORG)).toEqual(intact(5));
    await owner`
      update audit_event set at = (select max(at) from audit_event where id in (${a}, ${b})) where id = ${a}`;
    expect((await verifyAuditLog(db, ORG)).valid).toBe(false);
  });

  it("reads many small seals together, and still names the very seal", async () => {
    const statements: string[] = [];
    const counted = createDatabase(urls.appUrl, { onStatement: (text) => void statements.push(text) });
    for (let i = 0; i < 40; i++) {
      await record(ORG, db);
      await sealAuditEvents(db);
    }
    try {
      expect(await verifyAuditLog(counted.db, ORG)).toEqual(intact(40));
      expect(statements).toHaveLength(2);
      await owner`
        update audit_event set action = 'forged'
        where id = (select to_id from audit_seal where sequence = 27)`;
      expect(await verifyAuditLog(counted.db, ORG)).toMatchObject({
        checked: 26,
        firstBroken: { seal: 27, problem: "contents_changed" },
      });
    } finally {
      await counted.close();
    }
  });

  it("finds what is wrong wherever the portions end in which it reads", async () => {
    for (let i = 0; i < 3; i++) {
      await owner`
        insert into audit_event (id, organization_id, action, actor_type, result)
        select gen_random_uuid(), ${ORG}, 'x', 'system', 'allowed' from generate_series(1, 600)`;
      await sealAuditEvents(db);
    }
    expect(await verifyAuditLog(db, ORG)).toEqual(intact(1800));
    await owner`delete from audit_event where id = (select to_id from audit_seal where sequence = 2)`;
    expect(await verifyAuditLog(db, ORG)).toMatchObject({
      checked: 600,
      firstBroken: { seal: 2, problem: "events_missing" },
    });
  });

  it("finds a seal that was removed, changed, or made up anew after its events", async () => {
    const changes: [string, number, string][] = [
      ["delete from audit_seal where sequence = 1", 1, "seal_missing"],
      ["update audit_seal set hash = repeat('a', 64) where sequence = 1", 1, "contents_changed"],
      ["update audit_seal set previous_hash = repeat('a', 64) where sequence = 2", 2, "seal_unlinked"],
      ["update audit_seal set at = at - interval '1 hour' where sequence = 2", 2, "contents_changed"],
      ["update audit_seal set events = 2 where sequence = 2", 2, "events_added"],
      ["update audit_seal set events = 2000000000 where sequence = 2", 2, "events_missing"],
      ["update audit_seal set events = -1 where sequence = 1", 1, "events_added"],
      ["update audit_seal set to_xid = '3' where sequence = 2", 2, "events_missing"],
    ];
    for (const [statement, seal, problem] of changes) {
      await clear();
      await sealedLog();
      await owner.unsafe(statement);
      const verdict = await verifyAuditLog(db, ORG);
      expect(verdict, statement).toMatchObject({ valid: false, firstBroken: { seal, problem } });
    }
    await clear();
    const [a] = await sealedLog();
    await owner`update audit_event set action = 'forged' where id = ${a}`;
    await owner`delete from audit_seal where sequence = 1`;
    await owner`update audit_seal set sequence = 7 where sequence = 2`;
    expect(await verifyAuditLog(db, ORG)).toMatchObject({
      valid: false,
      firstBroken: {
        seal: 1,
        problem: "seal_missing",
        afterEventId: null,
        upToEventId: null,
        sealedAt: null,
      },
    });
  });
});
