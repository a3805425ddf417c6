import { describe, expect, it } from "vitest";
import { sealAuditEvents } from "../../src/db/audit-seal.ts";
import { verifyAuditLog } from "../../src/db/audit-verify.ts";
import { createDatabase } from "../../src/db/client.ts";
import { auditLogs, intact, ORG, OTHER, record } from "./logs.ts";

const { urls, db, app, owner, recordMany, sealedLog } = await auditLogs();

describe("sealing", () => {
  it("chains each log by itself, the platform's too, and seals nothing twice", async () => {
    await recordMany(ORG, 3);
    await recordMany(OTHER, 2);
    await recordMany(null, 1);
    expect(await sealAuditEvents(db)).toBe(6);
    expect(await sealAuditEvents(db)).toBe(0);
    await record(ORG, db);
    expect(await sealAuditEvents(db)).toBe(1);
    expect(await verifyAuditLog(db, ORG)).toEqual(intact(4));
    expect(await verifyAuditLog(db, OTHER)).toEqual(intact(2));
    expect(await verifyAuditLog(db, null)).toEqual(intact(1));
    const seals =
      await owner`select sequence, events from audit_seal where organization_id = ${ORG} order by 1`;
    expect(seals).toMatchObject([
      { sequence: 1, events: 3 },
      { sequence: 2, events: 1 },
    ]);
  });

  it("finds an empty log intact", async () => {
    expect(await sealAuditEvents(db)).toBe(0);
    expect(await verifyAuditLog(db, ORG)).toEqual(intact(0));
  });

  it("takes at most a thousand events into a seal, also of one transaction, and goes on until done", async () => {
    await owner`
      insert into audit_event (id, organization_id, action, actor_type, result)
      select gen_random_uuid(), ${ORG}, 'x', 'system', 'allowed' from generate_series(1, 2500)`;
    expect(await sealAuditEvents(db)).toBe(2500);
    const seals = await owner`select events from audit_seal order by sequence`;
    expect(seals.map((s) => s.events)).toEqual([1000, 1000, 500]);
    expect(await verifyAuditLog(db, ORG)).toEqual(intact(2500));
  });

  it("verifies chains of many seals", async () => {
    for (let i = 0; i < 30; i++) {
      await record(ORG, db);
      await sealAuditEvents(db);
    }
    expect(await verifyAuditLog(db, ORG)).toEqual(intact(30));
  });

  it("waits for a long transaction and skips none of its events", async () => {
    await record(ORG, db);
    const wrote = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const long = db.transaction(async (tx) => {
      await record(ORG, tx);
      wrote.resolve();
      await finish.promise;
    });
    await wrote.promise;
    try {
      await record(ORG, db);
      await record(OTHER, db);
      expect(await sealAuditEvents(db), "only what was there before it").toBe(1);
    } finally {
      finish.resolve();
      await long;
    }
    expect(await sealAuditEvents(db)).toBe(3);
    expect(await verifyAuditLog(db, ORG)).toEqual(intact(3));
  });

  it("lets many sealers run at once without forking a chain or sealing an event twice", async () => {
    const clients = Array.from({ length: 4 }, () => createDatabase(urls.appUrl, { max: 2 }));
    try {
      for (let round = 0; round < 5; round++) {
        await Promise.all([ORG, OTHER, null].map((log) => recordMany(log, 10)));
        await Promise.all(clients.map((client) => sealAuditEvents(client.db)));
      }
      await sealAuditEvents(db);
    } finally {
      await Promise.all(clients.map((client) => client.close()));
    }
    for (const log of [ORG, OTHER, null]) expect(await verifyAuditLog(db, log)).toEqual(intact(50));
    const [total] = await owner`select sum(events)::int as events from audit_seal`;
    expect(total?.events).toBe(150);
  });

  it("leaves a log alone that another sealer is at", async () => {
    await record(ORG, db);
    await record(null, db);
    await owner.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(hashtextextended(${`audit_seal:${ORG}`}, 0))`;
      expect(await sealAuditEvents(db)).toBe(1);
    });
    expect(await sealAuditEvents(db)).toBe(1);
  });

  it("refuses to go on when the transactions of the database are behind the last seal", async () => {
    await sealedLog();
    await owner`update audit_seal set to_xid = '9999999999'`;
    await expect(sealAuditEvents(db)).rejects.toMatchObject({ code: "internal" });
  });
});

describe("the application's role", () => {
  it.each(["audit_event", "audit_seal"])(
    "can add to and read %s, but not change, delete or truncate it",
    async (table) => {
      await sealedLog();
      const column = table === "audit_event" ? "action" : "hash";
      for (const statement of [
        `update ${table} set ${column} = 'x'`,
        `delete from ${table}`,
        `truncate ${table}`,
        `drop table ${table}`,
        `alter table ${table} disable trigger all`,
      ])
        await expect(app.unsafe(statement), statement).rejects.toMatchObject({ code: "42501" });
      expect(await verifyAuditLog(db, ORG)).toEqual(intact(5));
    },
  );
});
