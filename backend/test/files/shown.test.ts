import { v7 as uuidv7 } from "uuid";
import { describe, expect, it } from "vitest";
import { startTestApp } from "../harness/app.ts";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  join,
  type Person,
} from "../harness/client.ts";
import { getFile, stream } from "./client.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const tenant = await createTenant(app);
const { organizationId, people } = tenant;
const everybody: Record<string, Person> = { ...people, platform_admin: await createPlatformAdmin(app) };
const statuses = ["ready", "processing", "quarantined", "rejected"] as const;

/** A row as a register and its jobs would leave it. */
async function row(target: string, status: string, by: Person): Promise<string> {
  const id = uuidv7();
  const owner = target === "avatar" ? null : organizationId;
  await sql`
    insert into file (id, target, organization_id, file_name, declared_type, content_type, size, uploaded_by, status, threat)
    values (${id}, ${target}, ${owner}, 'a.png', 'image/png', 'image/png', 10, ${by.userId}, ${status}, 'Some-Threat')`;
  return id;
}

async function listed(token: string): Promise<string[]> {
  const { json } = await call(app, "GET", `/api/v1/files?organizationId=${organizationId}&limit=100`, {
    token,
  });
  return json.data.map(({ id }: { id: string }) => id);
}

describe("a file on its own", () => {
  it("is shown to whom the lists show it, and to nobody else", async () => {
    const ids = await Promise.all(
      ["organizationFile", "orgLogo"].flatMap((target) =>
        statuses.map((status) => row(target, status, people.org_admin)),
      ),
    );
    for (const [role, { token }] of Object.entries(everybody)) {
      const known = await listed(token);
      for (const id of ids) {
        const found = await getFile(app, token, id);
        expect(found.status, `${role}: ${found.text}`).toBe(known.includes(id) ? 200 : 403);
        if (found.status === 403) expect(found.text).not.toContain("Some-Threat");
      }
    }
  });

  it("is shown to who uploaded it in every state, as long as that role may read at all", async () => {
    const person = await createPerson(app);
    await join(app, organizationId, person, "coach");
    for (const status of statuses) {
      const id = await row("organizationFile", status, person);
      const avatar = await row("avatar", status, person);
      for (const one of [id, avatar])
        expect((await getFile(app, person.token, one)).json).toMatchObject({ status, threat: "Some-Threat" });
      expect((await getFile(app, people.client.token, avatar)).status).toBe(status === "ready" ? 200 : 403);
    }
    const id = await row("organizationFile", "processing", person);
    await sql`update member set status = 'removed' where user_id = ${person.userId}`;
    expect((await getFile(app, person.token, id)).status).toBe(404);
  });

  it("tells what the scanner found to those who answer for it, and to other readers nothing", async () => {
    const id = await row("organizationFile", "ready", people.org_admin);
    const threat = async (token: string) => (await getFile(app, token, id)).json.threat;
    expect(await threat(people.org_admin.token)).toBe("Some-Threat");
    for (const role of ["manager", "coach", "client"] as const)
      expect(await threat(people[role].token), role).toBeNull();
  });

  it("does not tell by its stream either that it is being checked, or was refused", async () => {
    for (const [status, code] of [
      ["processing", "scan_pending"],
      ["rejected", "invalid_state"],
    ] as const) {
      const id = await row("organizationFile", status, people.org_admin);
      for (const [role, { token }] of Object.entries(people)) {
        const answer = await stream(app, token, id);
        const known = role === "org_admin" || role === "manager";
        expect([answer.status, JSON.parse(answer.bytes.toString()).code], role).toEqual(
          known ? [409, code] : [403, "forbidden"],
        );
        expect((await stream(app, token, id, { method: "HEAD" })).status).toBe(known ? 409 : 403);
      }
    }
  });
});
