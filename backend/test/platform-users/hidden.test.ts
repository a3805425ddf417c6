import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  join,
  type OrganizationRole,
  type Person,
  uploadFile,
} from "../harness/client.ts";
import { answer, invite, invited, newAddress, pathOf } from "../invitations/inbox.ts";
import { setRole } from "./users.ts";

const app = await startTestApp({ worker: false });
const { sql } = app.deps.database;
const admin = await createPlatformAdmin(app);
const { organizationId, people } = await createTenant(app);
const base = `/api/v1/organizations/${organizationId}`;
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Somebody of the organization who becomes a platform admin in the test. */
async function member(role: OrganizationRole): Promise<Person & { memberId: string }> {
  const person = await createPerson(app, "Rising Person");
  await join(app, organizationId, person, role);
  const [row] = await sql`select id from member where user_id = ${person.userId}`;
  return { ...person, memberId: row?.id };
}
const promote = async (person: Person) =>
  expect((await setRole(app, admin, person, "platform_admin")).status).toBe(200);

const listed = async (by: Person, query = "") =>
  (await call(app, "GET", `${base}/members${query}`, { token: by.token })).json.data.map(
    (row: { email: string }) => row.email,
  );

/** What an answer says apart from the request and the ids of what was made. */
const gist = ({ status, json }: Awaited<ReturnType<typeof call>>) => ({
  status,
  code: json?.code,
  detail: json?.detail,
  fields: Object.keys(json ?? {}),
});

test("who becomes a platform admin is gone from the organization's lists, and back when it ends", async () => {
  const person = await member("coach");
  await promote(person);
  for (const by of [people.org_admin, people.manager, people.coach]) {
    expect(await listed(by)).not.toContain(person.email);
    expect(await listed(by, `?q=${person.email}`)).toEqual([]);
  }
  expect(await listed(admin)).toContain(person.email);
  expect((await setRole(app, admin, person, null)).status).toBe(200);
  expect(await listed(people.org_admin)).toContain(person.email);
});

test("their membership is like one that is not there, for everything that can be done to one", async () => {
  const person = await member("client");
  await promote(person);
  const { token } = people.org_admin;
  const attempts: [string, string, object?][] = [
    ["GET", ""],
    ["PATCH", "", { role: "manager" }],
    ["DELETE", ""],
    ["POST", "/revoke-sessions"],
    ["POST", "/reset-2fa"],
  ];
  for (const [method, rest, body] of attempts) {
    const ask = (memberId: string) =>
      call(app, method, `${base}/members/${memberId}${rest}`, { token, ...(body && { body }) });
    const hidden = await ask(person.memberId);
    expect(hidden.status).toBe(404);
    expect(gist(hidden)).toEqual(gist(await ask(crypto.randomUUID())));
  }
});

test("inviting their address is answered like inviting anybody's, member or not", async () => {
  const [inside, outside] = [await member("client"), await createPlatformAdmin(app)];
  await promote(inside);
  const stranger = await invite(app, organizationId, people.org_admin, newAddress());
  for (const { email } of [inside, outside]) {
    const answered = await invite(app, organizationId, people.org_admin, email);
    expect(gist(answered)).toEqual(gist(stranger));
    const again = await invite(app, organizationId, people.org_admin, email);
    expect([again.status, again.json.code]).toEqual([409, "conflict"]);
    const resent = await call(app, "POST", `${pathOf(organizationId)}/${answered.json.id}/resend`, {
      token: people.org_admin.token,
    });
    expect(resent.status).toBe(200);
  }
});

test("they stay outside of organizations, and whoever invited them sees an invitation nobody answered", async () => {
  const { id, token } = await invited(app, organizationId, people.org_admin, admin.email);
  expect((await answer(app, token, "accept", admin)).status).toBe(409);
  const { json } = await call(app, "GET", pathOf(organizationId), { token: people.org_admin.token });
  expect(json.data).toContainEqual(expect.objectContaining({ id, status: "pending" }));
});

test("invitations that they sent name nobody any more", async () => {
  const person = await member("org_admin");
  const { id } = await invited(app, organizationId, person, newAddress());
  const inviter = async (by: Person) =>
    (await call(app, "GET", pathOf(organizationId), { token: by.token })).json.data.find(
      (row: { id: string }) => row.id === id,
    ).invitedBy;
  expect(await inviter(people.org_admin)).toBe(person.userId);
  await promote(person);
  expect(await inviter(people.org_admin)).toBeNull();
  expect(await inviter(admin)).toBe(person.userId);
});

test("their picture is like one that is not there", async () => {
  const person = await member("coach");
  const { id } = await uploadFile(app, person.token, png, {
    target: "avatar",
    fileName: "me.png",
    contentType: "image/png",
  });
  const read = async (by: Person, rest = "") =>
    (await call(app, "GET", `/api/v1/files/${id}${rest}`, { token: by.token })).status;
  expect(await read(people.client)).toBe(200);
  await promote(person);
  for (const rest of ["", "/stream"])
    for (const by of Object.values(people)) expect(await read(by, rest)).toBe(404);
  expect([await read(person), await read(admin)]).toEqual([200, 200]);
});
