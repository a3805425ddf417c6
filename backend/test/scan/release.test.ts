import { describe, expect, it } from "vitest";
import { deleteFile, getFile, stream } from "../files/client.ts";
import { pdf, picture } from "../files/samples.ts";
import { startTestApp } from "../harness/app.ts";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  type Person,
  uploadFile,
} from "../harness/client.ts";
import { auditOf, send } from "./world.ts";

const app = await startTestApp();
const { sql } = app.deps.database;
const [home, platformAdmin] = await Promise.all([createTenant(app), createPlatformAdmin(app)]);
const { org_admin: boss, manager, client } = home.people;

const release = ({ token }: Person, id: string, headers: Record<string, string> = {}) =>
  call(app, "POST", `/api/v1/files/${id}/release`, { token, headers });

const quarantine = (id: string) => sql`
  update file set status = 'quarantined', threat = 'Some-Threat', scanned_at = now(), version = version + 1
  where id = ${id}`;

async function quarantined(): Promise<string> {
  const { id } = await send(app, home, pdf, "kept.pdf");
  await quarantine(id);
  return id;
}

const avatar = ({ token }: Person) =>
  uploadFile(app, token, picture(), { target: "avatar", fileName: "me.png", contentType: "image/png" });

describe("release", () => {
  it("by an org_admin makes the file stream again, and is in the log", async () => {
    const id = await quarantined();
    expect((await stream(app, client.token, id)).status).toBe(403);
    const released = await release(boss, id);
    expect(released.status, released.text).toBe(200);
    expect(released.json).toMatchObject({ id, status: "ready" });
    expect((await stream(app, client.token, id)).bytes.equals(pdf)).toBe(true);
    expect((await auditOf(app, id)).at(-1)).toMatchObject({
      action: "file.released",
      actor_id: boss.userId,
      organization_id: home.organizationId,
      changes: { target: "organizationFile", threat: "Some-Threat" },
    });
  });

  it("happens once, however many ask at the same time", async () => {
    const id = await quarantined();
    const answers = await Promise.all(Array.from({ length: 20 }, () => release(boss, id)));
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array(19).fill(409)]);
    const refused = answers.find(({ status }) => status === 409);
    expect(refused?.json.code).toBe("invalid_state");
    expect((await auditOf(app, id)).filter(({ action }) => action === "file.released")).toHaveLength(1);
  });

  it("is refused for a file that is not in quarantine, and for one that is gone", async () => {
    const { id } = await send(app, home, pdf, "fine.pdf");
    expect((await release(boss, id)).json).toMatchObject({ code: "invalid_state" });
    expect((await deleteFile(app, boss.token, id)).status).toBe(204);
    expect((await release(boss, id)).status).toBe(404);
    expect((await release(boss, crypto.randomUUID())).status).toBe(404);
  });

  it("or deletion wins, never both", async () => {
    for (let i = 0; i < 5; i++) {
      const id = await quarantined();
      const [released, deleted] = await Promise.all([release(boss, id), deleteFile(app, boss.token, id)]);
      expect(deleted.status).toBe(204);
      expect([200, 404, 409]).toContain(released.status);
      expect((await getFile(app, boss.token, id)).status).toBe(404);
    }
  });

  it("can insist on the version that was looked at", async () => {
    const id = await quarantined();
    expect((await release(boss, id, { "if-match": '"v1"' })).status).toBe(412);
    expect((await release(boss, id, { "if-match": '"v2"' })).status).toBe(200);
  });

  it("is not the manager's, who may not even look", async () => {
    const id = await quarantined();
    expect((await getFile(app, manager.token, id)).status).toBe(403);
    expect((await release(manager, id)).status).toBe(403);
  });

  it("of one's own avatar is a platform admin's; it is shown again", async () => {
    const person = await createPerson(app);
    const { id } = await avatar(person);
    await quarantine(id);
    await sql`update "user" set avatar_file_id = null where id = ${person.userId}`;
    expect((await getFile(app, person.token, id)).json).toMatchObject({
      status: "quarantined",
      threat: "Some-Threat",
    });
    expect((await release(person, id)).status).toBe(403);
    expect((await release(platformAdmin, id)).status).toBe(200);
    expect((await call(app, "GET", "/api/v1/me", { token: person.token })).json.avatarFileId).toBe(id);
  });

  it("of an avatar that a newer one replaced is refused", async () => {
    const person = await createPerson(app);
    const { id } = await avatar(person);
    await quarantine(id);
    await sql`update "user" set avatar_file_id = null where id = ${person.userId}`;
    const newer = await avatar(person);
    expect((await release(platformAdmin, id)).json).toMatchObject({ status: 409, code: "invalid_state" });
    expect((await getFile(app, person.token, id)).json.status).toBe("quarantined");
    expect((await call(app, "GET", "/api/v1/me", { token: person.token })).json.avatarFileId).toBe(newer.id);
  });
});
