import { describe, expect, it, vi } from "vitest";
import { call, createPerson, createTenant, type Person } from "../harness/client.ts";
import { getFile, objectKeys, register, upload } from "./client.ts";
import { picture } from "./samples.ts";
import type { World } from "./world.ts";

const parallel = 20;

export function describeReplacing({ app }: World): void {
  const { sql } = app.deps.database;
  const image = { fileName: "a.png", contentType: "image/png" };

  /** Many uploads, then all their registers at a time; the ids of the files that they said they made. */
  async function all(people: readonly Person[], body: object): Promise<string[]> {
    const uploads = await Promise.all(
      Array.from({ length: parallel }, async (_, i) => {
        const { token } = people[i % people.length] as Person;
        return { token, ...(await upload(app, token, picture(), { ...image, ...body })) };
      }),
    );
    const answers = await Promise.all(
      uploads.map(({ token, storageKey }) => register(app, token, storageKey)),
    );
    for (const { status, text } of answers) expect(status, text).toBe(201);
    return answers.map(({ json }) => json.id);
  }

  async function expectOne(owner: string, kept: string, made: readonly string[], token: string) {
    expect(made).toContain(kept);
    expect((await getFile(app, token, kept)).json.status).toBe("ready");
    const rows = await sql`select id from file where id = any (${made as string[]})`;
    expect(rows).toEqual([{ id: kept }]);
    await vi.waitFor(
      async () => {
        const ids = (await objectKeys(app, `objects/${owner}/`)).map((key) => key.split(/[/.]/)[2]);
        expect([...new Set(ids)]).toEqual([kept]);
      },
      { timeout: 20_000, interval: 200 },
    );
  }

  describe("twenty registers at a time", () => {
    it("of one person's avatar leave one row and one object, the one that /me names", async () => {
      const person = await createPerson(app);
      const made = await all([person], { target: "avatar" });
      const { avatarFileId } = (await call(app, "GET", "/api/v1/me", { token: person.token })).json;
      await expectOne(person.userId, avatarFileId, made, person.token);
    });

    it("of one organization's logo, by two people, leave one row and one object", async () => {
      const { organizationId, people } = await createTenant(app);
      const made = await all([people.org_admin, people.manager], { target: "orgLogo", organizationId });
      const path = `/api/v1/organizations/${organizationId}`;
      const { logoFileId } = (await call(app, "GET", path, { token: people.client.token })).json;
      await expectOne(organizationId, logoFileId, made, people.client.token);
    });
  });
}
