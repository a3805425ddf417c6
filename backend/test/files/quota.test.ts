import { beforeEach, describe, expect, it } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin, createTenant, uploadFile } from "../harness/client.ts";
import { deleteFile, documentOf, presign, register, upload } from "./client.ts";
import { abort, begin, start } from "./multipart.ts";
import { pdf, picture } from "./samples.ts";

const defaultQuota = 10_000_000;
const app = await startTestApp({ env: { STORAGE_QUOTA_BYTES: String(defaultQuota) } });
const { sql } = app.deps.database;
const tenant = await createTenant(app);
const other = await createTenant(app);
const admin = await createPlatformAdmin(app);
const { token } = tenant.people.org_admin;
const at = (organizationId: string) => `/api/v1/organizations/${organizationId}/storage`;

const usage = async (as = token) => (await call(app, "GET", at(tenant.organizationId), { token: as })).json;
const setQuota = (quotaBytes: unknown, as = admin.token) =>
  call(app, "PATCH", at(tenant.organizationId), { token: as, body: { quotaBytes } });
const ask = (size: number, who = token) => presign(app, who, documentOf(tenant, { size }));

beforeEach(async () => {
  await sql`delete from upload_intent`;
  await sql`update organization set logo_file_id = null`;
  await sql`delete from file`;
  await setQuota(null);
});

describe("what an organization takes up", () => {
  it("is nothing at first, then what is promised, then what is there, then nothing again", async () => {
    const empty = { usedBytes: 0, reservedBytes: 0, fileCount: 0, quotaBytes: defaultQuota };
    expect(await usage()).toEqual(empty);
    const signed = await upload(app, token, pdf, documentOf(tenant));
    expect(await usage()).toEqual({ ...empty, reservedBytes: pdf.length });
    const { json } = await register(app, token, signed.storageKey);
    expect(await usage()).toEqual({ ...empty, usedBytes: pdf.length, fileCount: 1 });
    await deleteFile(app, token, json.id);
    expect(await usage()).toEqual(empty);
  });

  it("counts what is processing or in quarantine, but nothing rejected, expired or of a person", async () => {
    for (const status of ["ready", "processing", "quarantined", "rejected"]) {
      const { id } = await uploadFile(app, token, pdf, documentOf(tenant));
      await sql`update file set status = ${status} where id = ${id}`;
    }
    await ask(700);
    await sql`update upload_intent set expires_at = now() - interval '1 second' where used_at is null`;
    await uploadFile(app, token, picture(), {
      target: "avatar",
      fileName: "a.png",
      contentType: "image/png",
    });
    expect(await usage()).toMatchObject({ usedBytes: 3 * pdf.length, fileCount: 3, reservedBytes: 0 });
  });

  it("is told in two statements, however many files there are", async () => {
    app.statements.length = 0;
    await usage();
    expect(app.statements).toHaveLength(2);
  });
});

describe("a quota", () => {
  it("lets in exactly what fits, and says what is left", async () => {
    await setQuota(1000);
    expect((await ask(400)).status).toBe(201);
    const over = await ask(601);
    expect([over.status, over.json.code]).toEqual([403, "quota_exceeded"]);
    expect(over.json.detail).toContain("600");
    expect((await ask(600)).status).toBe(201);
    expect((await ask(1)).status).toBe(403);
    expect(await usage()).toMatchObject({ reservedBytes: 1000, quotaBytes: 1000 });
  });

  it("holds for 50 presigns at a time", async () => {
    await setQuota(1000);
    const people = Object.values(tenant.people).slice(0, 2);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => ask(100, people[i % 2]?.token)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([...Array(10).fill(201), ...Array(40).fill(403)]);
    expect(await usage()).toMatchObject({ reservedBytes: 1000 });
  });

  it("holds while 20 uploads become files at a time: each counts once, as promised or as there", async () => {
    await setQuota(20 * pdf.length);
    const uploads = await Promise.all(
      Array.from({ length: 20 }, () => upload(app, token, pdf, documentOf(tenant))),
    );
    let done = false;
    const registered = Promise.all(uploads.map(({ storageKey }) => register(app, token, storageKey))).finally(
      () => {
        done = true;
      },
    );
    do {
      const { usedBytes, reservedBytes } = await usage();
      expect(usedBytes + reservedBytes).toBe(20 * pdf.length);
      expect((await ask(1)).status).toBe(403);
    } while (!done);
    expect((await registered).map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(await usage()).toMatchObject({ usedBytes: 20 * pdf.length, reservedBytes: 0, fileCount: 20 });
  });

  it("holds for uploads in parts, of which it leaves none begun; one that is given up or refused makes room", async () => {
    await setQuota(pdf.length);
    const body = documentOf(tenant, { size: pdf.length });
    const { uploadId } = await begin(app, token, body);
    const over = await start(app, token, body);
    expect([over.status, over.json.code]).toEqual([403, "quota_exceeded"]);
    const open: string[] = [];
    for await (const { key } of app.deps.storage.listMultiparts("staging/")) open.push(key);
    expect(open).toHaveLength(1);
    expect((await abort(app, token, uploadId)).status).toBe(204);
    const wrong = await upload(app, token, pdf, documentOf(tenant, { sha256: "0".repeat(64) }));
    expect((await ask(1)).status).toBe(403);
    expect((await register(app, token, wrong.storageKey)).status).toBe(422);
    expect((await ask(pdf.length)).status).toBe(201);
  });

  it("of one organization is nothing to another, and nothing to an avatar", async () => {
    await setQuota(0);
    expect((await ask(1)).status).toBe(403);
    const elsewhere = documentOf(other, { size: 100 });
    expect((await presign(app, other.people.org_admin.token, elsewhere)).status).toBe(201);
    const avatar = { target: "avatar", fileName: "a.png", contentType: "image/png", size: 100 };
    expect((await presign(app, token, avatar)).status).toBe(201);
  });

  it("that is lowered below what is there takes nothing away, and lets in what was promised", async () => {
    const signed = await upload(app, token, pdf, documentOf(tenant));
    expect((await setQuota(1)).json).toMatchObject({ quotaBytes: 1, reservedBytes: pdf.length });
    expect((await register(app, token, signed.storageKey)).status).toBe(201);
    expect((await ask(1)).status).toBe(403);
  });

  it("is the installation's again when it is taken away", async () => {
    await setQuota(5);
    expect((await setQuota(null)).json.quotaBytes).toBe(defaultQuota);
    expect((await ask(defaultQuota)).status).toBe(201);
    expect((await ask(1)).json.code).toBe("quota_exceeded");
  });

  it("is set by platform admins alone, audited once, and never to nonsense", async () => {
    for (const person of Object.values(tenant.people))
      expect((await setQuota(5, person.token)).status).toBe(403);
    expect((await setQuota(5, other.people.org_admin.token)).status).toBe(404);
    for (const bad of [-1, 1.5, "5", undefined, 2 ** 60]) expect((await setQuota(bad)).status).toBe(400);
    const events = () => sql`
      select changes from audit_event where action = 'organization.quota_changed' and result = 'allowed'
        and organization_id = ${tenant.organizationId} order by id`;
    const before = (await events()).length;
    await setQuota(77);
    await setQuota(77);
    expect((await events()).slice(before)).toMatchObject([
      { changes: { quotaBytes: { from: null, to: 77 } } },
    ]);
    expect(
      (await call(app, "PATCH", at(crypto.randomUUID()), { token: admin.token, body: { quotaBytes: 1 } }))
        .status,
    ).toBe(404);
  });
});

describe("uploads that are begun and not registered", () => {
  it("are at most 100 a person, whoever asks how often at a time", async () => {
    const person = await createPerson(app);
    const avatar = { target: "avatar", fileName: "a.png", contentType: "image/png", size: 100 };
    const begin = () => presign(app, person.token, avatar);
    for (let i = 0; i < 9; i++) await Promise.all(Array.from({ length: 10 }, begin));
    const answers = await Promise.all(Array.from({ length: 20 }, begin));
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    const refused = answers.find(({ status }) => status !== 201);
    expect([refused?.status, refused?.json.code]).toEqual([429, "rate_limited"]);
    expect(Number(refused?.headers.get("retry-after"))).toBeGreaterThan(0);
    expect((await presign(app, token, avatar)).status).toBe(201);
    await sql`update upload_intent set expires_at = now() - interval '1 second' where user_id = ${person.userId}`;
    expect((await begin()).status).toBe(201);
  });
});
