import { v7 as uuidv7 } from "uuid";
import { beforeAll, describe, expect, it } from "vitest";
import { startTestApp } from "../harness/app.ts";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  join,
  type OrganizationRole,
} from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const home = await createTenant(app);
const away = await createTenant(app);
const admin = await createPlatformAdmin(app);
const statuses = ["ready", "processing", "quarantined", "rejected"];
const { organizationId } = home;

const list = (token: string | undefined, query: Record<string, string | number>) =>
  call(app, "GET", `/api/v1/files?${new URLSearchParams(query as Record<string, string>)}`, { token });

/** A row as a register would leave it; ids in the order of the calls. */
async function row(tenant: typeof home, target: string, status: string): Promise<string> {
  const [made] = await sql<{ id: string }[]>`
    insert into file (id, target, organization_id, file_name, declared_type, content_type, size, uploaded_by, status)
    values (${uuidv7()}, ${target}, ${tenant.organizationId}, ${`${target}-${status}`}, 'image/png', 'image/png', 10,
      ${tenant.people.org_admin.userId}, ${status}) returning id`;
  return String(made?.id);
}

let newestFirst: string[] = [];
beforeAll(async () => {
  const ids: string[] = [];
  for (const target of ["organizationFile", "orgLogo"])
    for (const status of statuses) for (let i = 0; i < 3; i++) ids.push(await row(home, target, status));
  await row(away, "organizationFile", "ready");
  newestFirst = ids.toReversed();
});

interface Row {
  readonly id: string;
  readonly target: string;
  readonly status: string;
}

/** `target-status` of everything the person gets, over all pages. */
async function seen(token: string, query: Record<string, string> = {}): Promise<string[]> {
  const kinds = new Set<string>();
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof list>> = await list(token, {
      organizationId,
      limit: 5,
      ...query,
      ...(cursor && { cursor }),
    });
    expect(page.status, page.text).toBe(200);
    for (const { target, status } of page.json.data as Row[]) kinds.add(`${target}-${status}`);
    cursor = page.json.page.nextCursor;
  } while (cursor);
  return [...kinds].sort();
}

const both = (...some: string[]) =>
  ["organizationFile", "orgLogo"].flatMap((target) => some.map((status) => `${target}-${status}`)).sort();

describe("the files of an organization", () => {
  it("come newest first, page by page, each once, as a file does on its own", async () => {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const { json } = await list(home.people.org_admin.token, {
        organizationId,
        limit: 7,
        ...(cursor && { cursor }),
      });
      ids.push(...json.data.map(({ id }: Row) => id));
      expect(json.page.hasMore).toBe(json.page.nextCursor !== null);
      cursor = json.page.nextCursor ?? undefined;
    } while (cursor);
    expect(ids).toEqual(newestFirst);
    const { json } = await list(home.people.org_admin.token, { organizationId, limit: 1 });
    const one = await call(app, "GET", `/api/v1/files/${ids[0]}`, { token: home.people.org_admin.token });
    const { downloadUrl, downloadUrlExpiresAt, threat, ...file } = one.json;
    expect(json.data).toEqual([file]);
  });

  it.each<[OrganizationRole, string[]]>([
    ["org_admin", both(...statuses)],
    ["manager", both("ready", "processing", "rejected")],
    ["coach", both("ready")],
    ["client", both("ready")],
  ])("are shown to a %s as far as the role goes", async (role, kinds) => {
    expect(await seen(home.people[role].token)).toEqual(kinds);
  });

  it("are metadata of quarantine, and logos, to a platform admin", async () => {
    const logos = statuses.map((status) => `orgLogo-${status}`);
    expect(await seen(admin.token)).toEqual([...logos, "organizationFile-quarantined"].sort());
    expect(await seen(admin.token, { status: "quarantined" })).toEqual(both("quarantined"));
    expect(await seen(admin.token, { status: "ready" })).toEqual(["orgLogo-ready"]);
    const refused = await list(admin.token, { organizationId, target: "organizationFile", status: "ready" });
    expect(refused.status).toBe(403);
  });

  it("can be filtered by kind and state", async () => {
    const { token } = home.people.org_admin;
    expect(await seen(token, { target: "orgLogo" })).toEqual(statuses.map((one) => `orgLogo-${one}`).sort());
    expect(await seen(token, { target: "orgLogo", status: "rejected" })).toEqual(["orgLogo-rejected"]);
  });

  it.each<[OrganizationRole, string[]]>([
    ["manager", ["quarantined"]],
    ["coach", ["quarantined", "processing", "rejected"]],
    ["client", ["quarantined", "processing", "rejected"]],
  ])("in a state that a %s does not see are 403", async (role, hidden) => {
    for (const status of hidden) {
      const answer = await list(home.people[role].token, { organizationId, status });
      expect([answer.status, answer.json.code], status).toEqual([403, "forbidden"]);
    }
  });

  it("are unknown to strangers, whether the organization exists or not", async () => {
    for (const { token } of [...Object.values(away.people), await createPerson(app)])
      for (const id of [organizationId, crypto.randomUUID()])
        for (const status of ["ready", "quarantined"]) {
          const answer = await list(token, { organizationId: id, status });
          expect([answer.status, answer.json.code]).toEqual([404, "not_found"]);
        }
    expect((await list(admin.token, { organizationId: crypto.randomUUID() })).status).toBe(404);
    expect((await list(undefined, { organizationId })).status).toBe(401);
  });

  it("count by the membership there: admin elsewhere, client here", async () => {
    const person = await createPerson(app);
    await join(app, organizationId, person, "client");
    await join(app, away.organizationId, person, "org_admin");
    expect(await seen(person.token)).toEqual(both("ready"));
  });

  it("go away with the membership, the organization, and its right to be used", async () => {
    const tenant = await createTenant(app);
    await row(tenant, "organizationFile", "ready");
    const ask = (token: string) => list(token, { organizationId: tenant.organizationId });
    const { client, coach } = tenant.people;
    expect((await ask(client.token)).json.data).toHaveLength(1);
    await sql`update member set status = 'removed' where user_id = ${client.userId}`;
    expect((await ask(client.token)).status).toBe(404);
    await sql`update organization set suspended_at = now() where id = ${tenant.organizationId}`;
    expect((await ask(coach.token)).json.code).toBe("suspended");
    await sql`update organization set deleted_at = now() where id = ${tenant.organizationId}`;
    expect((await ask(coach.token)).status).toBe(404);
    expect((await ask(admin.token)).status).toBe(404);
  });

  it("of an organization without any are an empty page", async () => {
    const { organizationId: empty, people } = await createTenant(app);
    const page = { data: [], page: { nextCursor: null, hasMore: false } };
    expect((await list(people.client.token, { organizationId: empty })).json).toEqual(page);
    expect((await list(admin.token, { organizationId: empty })).json).toEqual(page);
  });
});

describe("the question", () => {
  const { token } = home.people.org_admin;

  it.each([
    ["no parent", {}],
    ["a parent that is not there yet", { mentorshipId: organizationId }],
    ["two parents", { organizationId, sessionId: organizationId }],
    ["a malformed id", { organizationId: "x" }],
    ["a kind that no organization has", { organizationId, target: "avatar" }],
    ["an unknown kind", { organizationId, target: "x" }],
    ["an unknown state", { organizationId, status: "deleted" }],
    ["no page at all", { organizationId, limit: 0 }],
    ["too long a page", { organizationId, limit: 101 }],
  ])("with %s is 400", async (_, query) => {
    const answer = await list(token, query as Record<string, string>);
    expect([answer.status, answer.json.code]).toEqual([400, "validation_failed"]);
  });

  it("takes a cursor only for the list, filter and person it was made for", async () => {
    const first = await list(token, { organizationId, limit: 2 });
    const cursor: string = first.json.page.nextCursor;
    const refused = [
      list(token, { organizationId, cursor: `${cursor}x` }),
      list(token, { organizationId, status: "ready", cursor }),
      list(token, { organizationId, target: "orgLogo", cursor }),
      list(home.people.manager.token, { organizationId, cursor }),
      list(admin.token, { organizationId: away.organizationId, cursor }),
    ];
    for (const answer of await Promise.all(refused))
      expect([answer.status, answer.json.code]).toEqual([400, "invalid_cursor"]);
  });

  it("costs two statements, whoever asks for however much", async () => {
    for (const person of [home.people.client, home.people.org_admin, admin])
      for (const limit of [1, 100]) {
        app.statements.length = 0;
        await list(person.token, { organizationId, limit });
        expect(app.statements).toHaveLength(2);
      }
  });
});
