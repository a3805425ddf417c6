import { describe, expect, it } from "vitest";
import {
  call,
  createPerson,
  createTenant,
  join,
  type OrganizationRole,
  uploadFile,
} from "../harness/client.ts";
import { deleteFile, documentOf, getFile, presign, register, stream, upload } from "./client.ts";
import { pdf, picture } from "./samples.ts";
import type { World } from "./world.ts";

const roles: OrganizationRole[] = ["org_admin", "manager", "coach", "client"];

export function describePermissions({ app, home, away, platformAdmin }: World): void {
  const { organizationId } = home;
  const { org_admin: boss } = home.people;
  const logo = { target: "orgLogo", organizationId, fileName: "l.png", contentType: "image/png", size: 2000 };
  const paper = documentOf(home, { size: pdf.length });

  /** Status of get, stream, HEAD and delete of one file for one person. */
  async function cells(token: string | undefined, id: string): Promise<number[]> {
    return [
      (await getFile(app, token, id)).status,
      (await stream(app, token, id)).status,
      (await stream(app, token, id, { method: "HEAD" })).status,
    ];
  }

  describe("without a token", () => {
    it("every operation on files is 401", async () => {
      const file = await uploadFile(app, boss.token, pdf, paper);
      expect((await presign(app, undefined, paper)).status).toBe(401);
      expect((await register(app, undefined, "x")).status).toBe(401);
      expect(await cells(undefined, file.id)).toEqual([401, 401, 401]);
      expect((await deleteFile(app, undefined, file.id)).status).toBe(401);
    });
  });

  describe("who may upload", () => {
    it.each([
      ["org_admin", 201],
      ["manager", 201],
      ["coach", 403],
      ["client", 403],
    ] as const)("a logo and a document: %s %i", async (role, status) => {
      const { token } = home.people[role];
      expect((await presign(app, token, logo)).status).toBe(status);
      expect((await presign(app, token, paper)).status).toBe(status);
    });

    it("a platform admin a logo, but no document of an organization", async () => {
      expect((await presign(app, platformAdmin.token, logo)).status).toBe(201);
      expect((await presign(app, platformAdmin.token, paper)).status).toBe(403);
      const nowhere = { ...logo, organizationId: crypto.randomUUID() };
      expect((await presign(app, platformAdmin.token, nowhere)).status).toBe(404);
    });

    it.each(roles)("an avatar: every %s, and nobody for somebody else", async (role) => {
      const { token } = home.people[role];
      const avatar = { target: "avatar", fileName: "a.png", contentType: "image/png", size: 2000 };
      expect((await presign(app, token, avatar)).status).toBe(201);
      expect((await presign(app, token, { ...avatar, userId: boss.userId })).status).toBe(400);
    });

    it.each(roles)("nobody for a foreign organization, as %s: a logo 403, a document 404", async (role) => {
      const { token } = away.people[role];
      for (const id of [organizationId, crypto.randomUUID()]) {
        const [one, two] = await Promise.all([
          presign(app, token, { ...logo, organizationId: id }),
          presign(app, token, { ...paper, organizationId: id }),
        ]);
        expect([one.status, one.json.code]).toEqual([403, "forbidden"]);
        expect([two.status, two.json.code]).toEqual([404, "not_found"]);
      }
    });

    it("is asked again at register: a role lost meanwhile is 403, and the upload is still there for it", async () => {
      const person = await createPerson(app);
      await join(app, organizationId, person, "manager");
      const setRole = (role: string) =>
        app.deps.database.sql`update member set role = ${role} where user_id = ${person.userId}`;
      const signed = await upload(app, person.token, pdf, paper);
      await setRole("client");
      expect((await register(app, person.token, signed.storageKey)).status).toBe(403);
      await setRole("manager");
      expect((await register(app, person.token, signed.storageKey)).status).toBe(201);
    });
  });

  describe("who may read and delete", () => {
    it("a document: all members read, admins and managers delete, nobody else knows of it", async () => {
      const file = await uploadFile(app, boss.token, pdf, paper);
      for (const role of roles) {
        expect(await cells(home.people[role].token, file.id), role).toEqual([200, 200, 200]);
        expect(await cells(away.people[role].token, file.id), role).toEqual([404, 404, 404]);
        expect((await deleteFile(app, away.people[role].token, file.id)).status, role).toBe(404);
      }
      for (const role of ["coach", "client"] as const)
        expect((await deleteFile(app, home.people[role].token, file.id)).status, role).toBe(403);
      expect(await cells(platformAdmin.token, file.id)).toEqual([403, 403, 403]);
      expect((await deleteFile(app, platformAdmin.token, file.id)).status).toBe(403);
      expect((await deleteFile(app, home.people.manager.token, file.id)).status).toBe(204);
    });

    it("a stranger's file answers like one that does not exist", async () => {
      const file = await uploadFile(app, boss.token, pdf, paper);
      const { token } = away.people.org_admin;
      const bodies = await Promise.all([
        getFile(app, token, file.id),
        getFile(app, token, crypto.randomUUID()),
      ]);
      const [known, unknown] = bodies.map(({ json: { instance, requestId, ...rest } }) => rest);
      expect(known).toEqual(unknown);
      expect((await getFile(app, token, "not-an-id")).status).toBe(404);
    });

    it("a logo: all members and platform admins read, admins and managers remove", async () => {
      const file = await uploadFile(app, boss.token, picture(), { ...logo, size: 2000 });
      for (const role of roles) {
        expect(await cells(home.people[role].token, file.id), role).toEqual([200, 200, 200]);
        expect(await cells(away.people[role].token, file.id), role).toEqual([404, 404, 404]);
      }
      expect(await cells(platformAdmin.token, file.id)).toEqual([200, 200, 200]);
      expect((await deleteFile(app, home.people.client.token, file.id)).status).toBe(403);
      expect((await deleteFile(app, home.people.coach.token, file.id)).status).toBe(403);
      expect((await deleteFile(app, platformAdmin.token, file.id)).status).toBe(204);
    });

    it("an avatar: read by colleagues and platform admins, removed by its owner alone", async () => {
      const body = { target: "avatar", fileName: "a.png", contentType: "image/png" };
      const file = await uploadFile(app, home.people.client.token, picture(), body);
      for (const role of roles)
        expect(await cells(home.people[role].token, file.id)).toEqual([200, 200, 200]);
      expect(await cells(away.people.org_admin.token, file.id)).toEqual([404, 404, 404]);
      expect(await cells(platformAdmin.token, file.id)).toEqual([200, 200, 200]);
      expect((await deleteFile(app, away.people.org_admin.token, file.id)).status).toBe(404);
      expect((await deleteFile(app, boss.token, file.id)).status).toBe(403);
      expect((await deleteFile(app, platformAdmin.token, file.id)).status).toBe(403);
      expect((await deleteFile(app, home.people.client.token, file.id)).status).toBe(204);
    });
  });

  describe("suspended and removed", () => {
    it("a suspended member, and every member of a suspended organization, is 403 suspended", async () => {
      const tenant = await createTenant(app);
      const { manager } = tenant.people;
      const file = await uploadFile(app, manager.token, pdf, documentOf(tenant));
      const waiting = await upload(app, manager.token, pdf, documentOf(tenant));
      const refused = async () => {
        const answers = await Promise.all([
          presign(app, manager.token, documentOf(tenant, { size: 10 })),
          presign(app, manager.token, { ...logo, organizationId: tenant.organizationId }),
          register(app, manager.token, waiting.storageKey),
          getFile(app, manager.token, file.id),
          call(app, "GET", `/api/v1/files/${file.id}/stream`, { token: manager.token }),
          deleteFile(app, manager.token, file.id),
        ]);
        for (const { status, json } of answers) expect([status, json.code]).toEqual([403, "suspended"]);
        expect((await call(app, "GET", "/api/v1/me", { token: manager.token })).status).toBe(200);
      };
      const { sql } = app.deps.database;
      await sql`update member set status = 'suspended' where user_id = ${manager.userId}`;
      await refused();
      await sql`update member set status = 'active' where user_id = ${manager.userId}`;
      await sql`update organization set suspended_at = now() where id = ${tenant.organizationId}`;
      await refused();
      await sql`update organization set suspended_at = null where id = ${tenant.organizationId}`;
      expect((await register(app, manager.token, waiting.storageKey)).status).toBe(201);
    });

    it("a removed member knows of nothing any more, on the next request", async () => {
      const tenant = await createTenant(app);
      const { client, manager } = tenant.people;
      const file = await uploadFile(app, manager.token, pdf, documentOf(tenant));
      const avatar = { target: "avatar", fileName: "a.png", contentType: "image/png" };
      const face = await uploadFile(app, manager.token, picture(), avatar);
      expect(await cells(client.token, face.id)).toEqual([200, 200, 200]);
      await app.deps.database.sql`update member set status = 'removed' where user_id = ${client.userId}`;
      expect(await cells(client.token, file.id)).toEqual([404, 404, 404]);
      expect(await cells(client.token, face.id)).toEqual([404, 404, 404]);
      expect((await deleteFile(app, client.token, file.id)).status).toBe(404);
    });
  });
}
