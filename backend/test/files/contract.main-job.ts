import { createHash } from "node:crypto";
import { describe, expect, it, vi } from "vitest";
import { call, createPerson, uploadFile } from "../harness/client.ts";
import { documentOf, getFile, objectKeys, presign, put, register, stagedObject, stream } from "./client.ts";
import { document, MIB, picture } from "./samples.ts";
import type { World } from "./world.ts";

export function describeMainJob({ app, home }: World): void {
  const { org_admin: boss, client } = home.people;

  describe("the way of a file", () => {
    it("from presign over PUT and register to a stream of the same bytes", async () => {
      const bytes = document(3 * MIB + 17);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const signed = await presign(app, boss.token, documentOf(home, { size: bytes.length, sha256 }));
      expect(signed.status).toBe(201);
      expect(Object.keys(signed.json).sort()).toEqual(
        ["expiresAt", "headers", "method", "storageKey", "uploadUrl"].sort(),
      );
      expect(signed.json.method).toBe("PUT");
      expect(new URL(signed.json.uploadUrl).protocol).toBe("http:");
      expect(signed.json.uploadUrl).not.toMatch(/checksum/i);
      const names = Object.keys(signed.json.headers).map((name) => name.toLowerCase());
      expect(names).not.toContain("host");
      expect(names).not.toContain("content-length");
      expect(signed.json.storageKey).toMatch(/^documents\/[0-9a-f-]{36}\.pdf$/);
      const life = Date.parse(signed.json.expiresAt) - Date.now();
      expect(life).toBeGreaterThan(8 * 60_000);
      expect(life).toBeLessThanOrEqual(10 * 60_000);

      expect((await put(signed.json, bytes)).status).toBe(200);
      const registered = await register(app, boss.token, signed.json.storageKey);
      expect(registered.status, registered.text).toBe(201);
      const { id } = registered.json;
      expect(registered.headers.get("location")).toBe(`/api/v1/files/${id}`);
      expect(registered.json).toEqual({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/),
        target: "organizationFile",
        organizationId: home.organizationId,
        mentorshipId: null,
        sessionId: null,
        fileName: "welcome.pdf",
        contentType: "application/pdf",
        declaredType: "application/pdf",
        size: bytes.length,
        sha256,
        status: "ready",
        uploadedBy: boss.userId,
        createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        version: expect.any(Number),
      });

      const served = await stream(app, client.token, id);
      expect(served.status).toBe(200);
      expect(served.bytes.equals(bytes)).toBe(true);
      const got = await getFile(app, client.token, id);
      expect(got.json).toMatchObject({ ...registered.json, downloadUrl: expect.any(String) });
      await vi.waitFor(async () => expect(await stagedObject(app, signed.json)).toBeNull(), 8000);
    });

    it("takes a file of one byte", async () => {
      const body = documentOf(home, { fileName: "x.bin", contentType: "application/octet-stream" });
      const file = await uploadFile(app, boss.token, Buffer.from("x"), body);
      expect(String((await stream(app, boss.token, file.id)).bytes)).toBe("x");
    });

    it("puts the key below the prefix that the client names, or the target's own", async () => {
      const of = async (body: object) =>
        (await presign(app, boss.token, { size: 100, fileName: "a.png", contentType: "image/png", ...body }))
          .json.storageKey;
      const { organizationId } = home;
      expect(await of({ target: "avatar" })).toMatch(/^avatars\/[0-9a-f-]{36}\.png$/);
      expect(await of({ target: "orgLogo", organizationId })).toMatch(/^logos\/[0-9a-f-]{36}\.png$/);
      expect(await of({ target: "organizationFile", organizationId, prefix: "2026/Q1-a_b" })).toMatch(
        /^2026\/Q1-a_b\/[0-9a-f-]{36}\.png$/,
      );
    });
  });

  describe("an avatar", () => {
    it("shows in /me, takes the place of the one before and leaves no object of it", async () => {
      const person = await createPerson(app);
      const body = { target: "avatar", fileName: "me.png", contentType: "image/png" };
      const first = await uploadFile(app, person.token, picture(), body);
      expect(first).toMatchObject({ target: "avatar", organizationId: null, status: "ready" });
      const me = () => call(app, "GET", "/api/v1/me", { token: person.token });
      expect((await me()).json.avatarFileId).toBe(first.id);

      const bytes = picture();
      const second = await uploadFile(app, person.token, bytes, body);
      expect((await me()).json.avatarFileId).toBe(second.id);
      expect((await stream(app, person.token, second.id)).bytes.equals(bytes)).toBe(true);
      expect((await getFile(app, person.token, first.id)).status).toBe(404);
      await vi.waitFor(
        async () =>
          expect(await objectKeys(app, `objects/${person.userId}`)).toEqual(objectsOf(person.userId, second)),
        8000,
      );

      const gone = await call(app, "DELETE", `/api/v1/files/${second.id}`, { token: person.token });
      expect(gone.status).toBe(204);
      expect((await me()).json.avatarFileId).toBeNull();
    });

    it("set twice at once is one of the two, and the other is gone", async () => {
      const person = await createPerson(app);
      const body = { target: "avatar", fileName: "me.png", contentType: "image/png" };
      const both = await Promise.all([
        uploadFile(app, person.token, picture(), body),
        uploadFile(app, person.token, picture(), body),
      ]);
      const { avatarFileId } = (await call(app, "GET", "/api/v1/me", { token: person.token })).json;
      expect(both.map(({ id }) => id)).toContain(avatarFileId);
      const states = await Promise.all(
        both.map(async ({ id }) => (await getFile(app, person.token, id)).status),
      );
      expect(states.sort()).toEqual([200, 404]);
      await vi.waitFor(
        async () =>
          expect(await objectKeys(app, `objects/${person.userId}`)).toEqual(
            objectsOf(person.userId, { id: avatarFileId }),
          ),
        8000,
      );
    });
  });

  describe("a logo", () => {
    it("shows in the organization, takes the place of the one before and leaves no object of it", async () => {
      const { organizationId } = home;
      const body = { target: "orgLogo", organizationId, fileName: "logo.png", contentType: "image/png" };
      const logo = async () =>
        (await call(app, "GET", `/api/v1/organizations/${organizationId}`, { token: client.token })).json
          .logoFileId;
      const first = await uploadFile(app, boss.token, picture(), body);
      expect(await logo()).toBe(first.id);
      const second = await uploadFile(app, home.people.manager.token, picture(), body);
      expect(await logo()).toBe(second.id);
      expect((await getFile(app, boss.token, first.id)).status).toBe(404);
      const old = objectOf(organizationId, first);
      await vi.waitFor(async () => expect(await objectKeys(app, old)).toEqual([]), 8000);
      const kept = objectOf(organizationId, second);
      expect(await objectKeys(app, kept)).toEqual(objectsOf(organizationId, second));
      expect((await call(app, "DELETE", `/api/v1/files/${second.id}`, { token: boss.token })).status).toBe(
        204,
      );
      expect(await logo()).toBeNull();
      await vi.waitFor(async () => expect(await objectKeys(app, kept)).toEqual([]), 8000);
    });
  });
}

const objectOf = (owner: string, { id }: { id: string }) => `objects/${owner}/${id}`;

/** A picture and its sizes, in the order of keys. */
const objectsOf = (owner: string, file: { id: string }) =>
  ["", ".1024.webp", ".256.webp", ".64.webp"].map((suffix) => objectOf(owner, file) + suffix);
