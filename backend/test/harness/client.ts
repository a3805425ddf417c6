import type { TestApp } from "./app.ts";

interface Init {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

interface Api {
  readonly url: string;
  /** Sent with every request, as an app sends its key. */
  readonly headers?: Record<string, string> | undefined;
}

/** JSON over the real socket; `json` is undefined for an empty body. */
export async function call(app: Api, method: string, path: string, { token, body, headers }: Init = {}) {
  const response = await fetch(`${app.url}${path}`, {
    method,
    redirect: "manual",
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { "content-type": "application/json" }),
      ...app.headers,
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /[/+]json\b/.test(response.headers.get("content-type") ?? "");
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  const json: any = isJson && text !== "" ? JSON.parse(text) : undefined;
  return { status: response.status, headers: response.headers, text, json };
}

export const password = "correct horse battery";

export interface Person {
  readonly email: string;
  readonly userId: string;
  readonly token: string;
}

/** Signs up somebody new and verifies the address, as the mail link would. */
export async function createPerson(app: TestApp, name = "Test Person"): Promise<Person> {
  const email = `p${crypto.randomUUID().slice(0, 8)}@example.test`;
  const signedUp = await call(app, "POST", "/api/auth/sign-up/email", { body: { name, email, password } });
  if (signedUp.status !== 200) throw new Error(`sign-up: ${signedUp.status} ${signedUp.text}`);
  await app.deps.database.sql`update "user" set email_verified = true where email = ${email}`;
  const signedIn = await call(app, "POST", "/api/auth/sign-in/email", { body: { email, password } });
  if (signedIn.status !== 200) throw new Error(`sign-in: ${signedIn.status} ${signedIn.text}`);
  return { email, userId: signedIn.json.user.id, token: signedIn.json.token };
}

export async function createPlatformAdmin(app: TestApp): Promise<Person> {
  const person = await createPerson(app, "Platform Admin");
  await app.deps.database.sql`update "user" set global_role = 'platform_admin' where id = ${person.userId}`;
  return person;
}

/** As if the person had signed in a while ago: the credential is no longer fresh. */
export async function makeStale(app: TestApp, { userId }: Pick<Person, "userId">): Promise<void> {
  await app.deps.database.sql`
    update session set created_at = now() - interval '11 minutes' where user_id = ${userId}`;
}

export type OrganizationRole = "org_admin" | "manager" | "coach" | "client";

export interface Tenant {
  readonly organizationId: string;
  readonly people: Readonly<Record<OrganizationRole, Person>>;
}

export async function join(
  app: TestApp,
  organizationId: string,
  person: Pick<Person, "userId">,
  role: OrganizationRole,
): Promise<void> {
  await app.deps.database.sql`
    insert into member (id, organization_id, user_id, role)
    values (${crypto.randomUUID()}, ${organizationId}, ${person.userId}, ${role})`;
}

/** An organization with one person of each role. */
export async function createTenant(app: TestApp): Promise<Tenant> {
  const organizationId = crypto.randomUUID();
  const slug = `t-${organizationId.slice(0, 8)}`;
  await app.deps.database.sql`
    insert into organization (id, name, slug) values (${organizationId}, ${`Tenant ${slug}`}, ${slug})`;
  const make = async (role: OrganizationRole) => {
    const person = await createPerson(app, `The ${role}`);
    await join(app, organizationId, person, role);
    return person;
  };
  const [org_admin, manager, coach, client] = await Promise.all([
    make("org_admin"),
    make("manager"),
    make("coach"),
    make("client"),
  ]);
  return { organizationId, people: { org_admin, manager, coach, client } };
}

/** presign → PUT → register; returns the registered file. */
export async function uploadFile(
  app: TestApp,
  token: string,
  bytes: Uint8Array,
  presign: Record<string, unknown>,
) {
  const signed = await call(app, "POST", "/api/v1/files/presign", {
    token,
    body: { size: bytes.length, ...presign },
  });
  if (signed.status !== 201) throw new Error(`presign: ${signed.status} ${signed.text}`);
  const put = await fetch(signed.json.uploadUrl, {
    method: "PUT",
    headers: signed.json.headers,
    body: bytes,
  });
  if (!put.ok) throw new Error(`upload: ${put.status} ${await put.text()}`);
  const registered = await call(app, "POST", "/api/v1/files/register", {
    token,
    body: { storageKey: signed.json.storageKey },
  });
  if (registered.status !== 201) throw new Error(`register: ${registered.status} ${registered.text}`);
  return registered.json;
}
