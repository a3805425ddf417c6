import { describe, expect, it } from "vitest";
import { startTestApp } from "../harness/app.ts";
import {
  call,
  createPlatformAdmin,
  createTenant,
  join,
  type Person,
  type Tenant,
  uploadFile,
} from "../harness/client.ts";
import { deleteFile, documentOf, getFile, presign, register, stream, upload } from "./client.ts";
import { pdf, picture } from "./samples.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;

interface Held {
  readonly tenant: Tenant;
  readonly person: Person;
  readonly fileId: string;
  /** Uploaded while everything was well, and not registered. */
  readonly storageKey: string;
}

type Answer = { status: number; json?: { code?: string } };

/** Everything that one can want of the files of an organization, in an order that leaves the file there if refused. */
const operations: Record<string, (held: Held) => Promise<Answer>> = {
  presign: ({ tenant, person }) => presign(app, person.token, documentOf(tenant, { size: 10 })),
  "multipart.start": ({ tenant, person }) =>
    call(app, "POST", "/api/v1/files/multipart", {
      token: person.token,
      body: documentOf(tenant, { size: 10 }),
    }),
  register: ({ person, storageKey }) => register(app, person.token, storageKey),
  get: ({ person, fileId }) => getFile(app, person.token, fileId),
  stream: ({ person, fileId }) => call(app, "GET", `/api/v1/files/${fileId}/stream`, { token: person.token }),
  "stream by HEAD": ({ person, fileId }) => stream(app, person.token, fileId, { method: "HEAD" }),
  list: ({ tenant, person }) =>
    call(app, "GET", `/api/v1/files?organizationId=${tenant.organizationId}`, { token: person.token }),
  delete: ({ person, fileId }) => deleteFile(app, person.token, fileId),
};

const member = (status: string) => (held: Held) =>
  sql`update member set status = ${status} where user_id = ${held.person.userId}`;
const organization = (set: Record<string, unknown>) => (held: Held) =>
  sql`update organization set ${sql(set)} where id = ${held.tenant.organizationId}`;

interface State {
  readonly begins: (held: Held) => Promise<unknown>;
  readonly ends: (held: Held) => Promise<unknown>;
  readonly answer: readonly [number, string];
}

const states: Record<string, State> = {
  "a suspended membership": {
    begins: member("suspended"),
    ends: member("active"),
    answer: [403, "suspended"],
  },
  "a membership that ended": {
    begins: member("removed"),
    ends: member("active"),
    answer: [404, "not_found"],
  },
  "a suspended organization": {
    begins: organization({ suspended_at: new Date() }),
    ends: organization({ suspended_at: null }),
    answer: [403, "suspended"],
  },
  "a deleted organization": {
    begins: organization({ deleted_at: new Date() }),
    ends: organization({ deleted_at: null }),
    answer: [404, "not_found"],
  },
  "a second factor that the role needs": {
    begins: organization({ two_factor_roles: ["manager"] }),
    ends: organization({ two_factor_roles: [] }),
    answer: [403, "forbidden"],
  },
};

async function prepare(): Promise<Held> {
  const tenant = await createTenant(app);
  const person = tenant.people.manager;
  const { id } = await uploadFile(app, person.token, pdf, documentOf(tenant));
  const { storageKey } = await upload(app, person.token, pdf, documentOf(tenant));
  return { tenant, person, fileId: id, storageKey };
}

describe.each(Object.entries(states))("with %s", (_, { begins, ends, answer: [status, code] }) => {
  it("every operation is refused on the next request, and works again on the one after its end", async () => {
    const held = await prepare();
    await begins(held);
    for (const [name, ask] of Object.entries(operations)) {
      const refused = await ask(held);
      expect(refused.status, name).toBe(status);
      if (refused.json) expect(refused.json.code, name).toBe(code);
    }
    await ends(held);
    for (const [name, ask] of Object.entries(operations))
      expect((await ask(held)).status, name).toBeLessThan(300);
  });
});

describe("an avatar", () => {
  const picked = { target: "avatar", fileName: "a.png", contentType: "image/png" };
  const seenBy = async ({ token }: Person, id: string) => [
    (await getFile(app, token, id)).status,
    (await stream(app, token, id)).status,
  ];

  it.each(Object.entries(states))("is unknown to a colleague with %s", async (_, { begins, ends }) => {
    const held = await prepare();
    const { id } = await uploadFile(app, held.tenant.people.client.token, picture(), picked);
    expect(await seenBy(held.person, id)).toEqual([200, 200]);
    await begins(held);
    expect(await seenBy(held.person, id)).toEqual([404, 404]);
    await ends(held);
    expect(await seenBy(held.person, id)).toEqual([200, 200]);
  });

  it.each(["suspended", "removed"])(
    "of somebody %s is unknown to those who were colleagues",
    async (status) => {
      const held = await prepare();
      const { id } = await uploadFile(app, held.person.token, picture(), picked);
      await member(status)(held);
      expect(await seenBy(held.tenant.people.org_admin, id)).toEqual([404, 404]);
      expect(await seenBy(held.person, id)).toEqual([200, 200]);
    },
  );
});

describe("an avatar of a platform admin", () => {
  it("is unknown below, also to those who share an organization", async () => {
    const { tenant } = await prepare();
    const admin = await createPlatformAdmin(app);
    await join(app, tenant.organizationId, admin, "coach");
    const picked = { target: "avatar", fileName: "a.png", contentType: "image/png" };
    const { id } = await uploadFile(app, admin.token, picture(), picked);
    expect((await getFile(app, admin.token, id)).status).toBe(200);
    for (const { token } of Object.values(tenant.people)) {
      expect((await getFile(app, token, id)).status).toBe(404);
      expect((await stream(app, token, id)).status).toBe(404);
    }
  });
});

describe("a logo of a deleted organization", () => {
  it("is unknown to a platform admin, too, and no upload becomes one, until it is brought back", async () => {
    const held = await prepare();
    const { token } = await createPlatformAdmin(app);
    const { organizationId } = held.tenant;
    const logo = { target: "orgLogo", organizationId, fileName: "l.png", contentType: "image/png" };
    const { id } = await uploadFile(app, token, picture(), logo);
    const { storageKey } = await upload(app, token, picture(), logo);
    await organization({ deleted_at: new Date() })(held);
    expect((await presign(app, token, { ...logo, size: 10 })).status).toBe(404);
    expect((await register(app, token, storageKey)).status).toBe(404);
    expect((await getFile(app, token, id)).status).toBe(404);
    expect((await stream(app, token, id)).status).toBe(404);
    expect((await deleteFile(app, token, id)).status).toBe(404);
    await organization({ deleted_at: null })(held);
    expect((await stream(app, token, id)).status).toBe(200);
    expect((await register(app, token, storageKey)).status).toBe(201);
  });
});

describe("a download URL", () => {
  it("is handed out for five minutes at most: so long it outlives a standing that was lost", async () => {
    const { person, fileId } = await prepare();
    const before = Date.now();
    const { downloadUrlExpiresAt } = (await getFile(app, person.token, fileId)).json;
    expect(Date.parse(downloadUrlExpiresAt) - before).toBeGreaterThan(0);
    // The store's clock has seconds.
    expect(Date.parse(downloadUrlExpiresAt) - Date.now()).toBeLessThanOrEqual(5 * 60_000 + 1000);
  });
});
