import { readdirSync, readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { expect, test, vi } from "vitest";
import { invitationMail } from "../../src/adapters/mail/templates.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createTenant } from "../harness/client.ts";
import { answer, invite, invited, newAddress, newestToken, pathOf } from "./inbox.ts";

const app = await startTestApp();
const { sql } = app.deps.database;
const { organizationId, people } = await createTenant(app);
const admin = people.org_admin;

test("a token stands in the mail, and in no log line, audit row, stored answer or error body", async () => {
  const [person, other] = [await createPerson(app), await createPerson(app)];
  await invite(app, organizationId, admin, person.email);
  const token = await newestToken(app, person.email);
  const base = `/api/v1/invitations/${token}`;
  const key = { "idempotency-key": "k1" };
  const answers = [
    await answer(app, token, "accept", other),
    await answer(app, token, "decline", other),
    await call(app, "POST", `${base}/accept`),
    await call(app, "POST", `${base}/accept`, { token: person.token, body: { a: 1 } }),
    await call(app, "POST", `${base}/accept/more`, { token: person.token }),
    await call(app, "POST", `/api/v1//invitations//${token}/accept`, { token: person.token }),
    await call(app, "PUT", base, { token: person.token }),
    await call(app, "GET", `${base}?x=1`),
    await call(app, "POST", "/api/auth/sign-up/email", {
      body: { name: "X Y", email: newAddress(), password: "a long enough one", invitationToken: token },
    }),
    await call(app, "POST", `${base}/accept`, { token: person.token, headers: key }),
    await call(app, "POST", `${base}/accept`, { token: person.token }),
    await call(app, "GET", base),
  ];
  expect(answers.map(({ status }) => status)).toEqual([
    403, 403, 401, 400, 404, 404, 405, 400, 403, 200, 404, 404,
  ]);
  for (const { text } of answers) expect(text).not.toContain(token);
  expect(answers[0]?.json.instance).toBe("/api/v1/invitations/{token}/accept");

  await vi.waitFor(
    () => expect(mailbox().some((text) => text.includes(token.slice(0, 20)))).toBe(true),
    10_000,
  );
  const lines = app.logLines.join("\n");
  expect(lines).toContain('"path":"/api/v1/invitations/{token}/accept"');
  expect(lines).not.toContain(token);
  const audit = await sql`select to_jsonb(audit_event)::text as text from audit_event`;
  const stored = await sql`select to_jsonb(idempotency_record)::text as text from idempotency_record`;
  expect(stored.length).toBeGreaterThan(0);
  const rows = await sql`select to_jsonb(invitation)::text as text from invitation`;
  for (const { text } of [...audit, ...stored, ...rows]) expect(text).not.toContain(token);
});

test("an Idempotency-Key replays the answer to one link and is refused for another", async () => {
  const person = await createPerson(app);
  await invite(app, organizationId, admin, person.email, "coach");
  const first = await newestToken(app, person.email);
  await invite(app, organizationId, admin, person.email, "client");
  const second = await newestToken(app, person.email);
  const accept = (token: string) =>
    call(app, "POST", `/api/v1/invitations/${token}/accept`, {
      token: person.token,
      headers: { "idempotency-key": "once" },
    });
  const done = await accept(first);
  const replayed = await accept(first);
  expect(replayed).toMatchObject({ status: 200, json: done.json });
  expect(replayed.headers.get("idempotency-replayed")).toBe("true");
  expect(await accept(second)).toMatchObject({ status: 422, json: { code: "idempotency_mismatch" } });
});

test("every step leaves an audit event that names the invitation and no address", async () => {
  const { organizationId, people } = await createTenant(app);
  const admin = people.org_admin;
  const person = await createPerson(app);
  const { id, token } = await invited(app, organizationId, admin, person.email);
  await call(app, "POST", `${pathOf(organizationId)}/${id}/resend`, { token: admin.token });
  expect((await answer(app, token, "accept", person)).status).toBe(404);
  await answer(app, await newestToken(app, person.email), "decline", person);
  const second = await invited(app, organizationId, admin, person.email);
  await call(app, "DELETE", `${pathOf(organizationId)}/${second.id}`, { token: admin.token });
  const third = await invited(app, organizationId, admin, person.email);
  await answer(app, third.token, "accept", person);
  const events = await sql`
    select action, actor_id, target_type, target_id, changes::text from audit_event
    where organization_id = ${organizationId} order by id`;
  expect(events.map((event) => [event.action, event.target_id, event.actor_id])).toEqual([
    ["invitation.created", id, admin.userId],
    ["invitation.resent", id, admin.userId],
    ["invitation.declined", id, person.userId],
    ["invitation.created", second.id, admin.userId],
    ["invitation.revoked", second.id, admin.userId],
    ["invitation.created", third.id, admin.userId],
    ["invitation.accepted", third.id, person.userId],
  ]);
  expect(events.every((event) => event.target_type === "invitation")).toBe(true);
  expect(JSON.stringify(events)).not.toContain(person.email);
});

function mailbox(): string[] {
  return readdirSync(app.mailDir)
    .filter((name) => name.endsWith(".eml"))
    .map((name) =>
      readFileSync(joinPath(app.mailDir, name), "utf8").replaceAll("=\r\n", "").replaceAll("\r\n", ""),
    );
}

const letter = {
  to: "ada@example.test",
  organizationName: "Northwind",
  inviterName: "Grace Hopper",
  role: "coach",
  url: "https://app.example.test/invitations/abc",
} as const;

test("the mail says who invites whom to what, with the link in text and HTML", async () => {
  const mail = invitationMail(letter);
  expect(mail.subject).toBe("Invitation to Northwind");
  expect(mail.text).toContain("Grace Hopper invites you to join Northwind on Coaching App as a coach.");
  expect(mail.text).toContain(`\n${letter.url}\n`);
  expect(mail.html.split(`href="${letter.url}"`)).toHaveLength(3);
});

test("a mail from a platform admin names nobody", async () => {
  const mail = invitationMail({ ...letter, inviterName: null });
  expect(mail.text).toContain("You are invited to join Northwind");
});

test("markup in names is shown as text", async () => {
  const organizationName = `<b>Evil</b> & "Co" 'x'`;
  const mail = invitationMail({ ...letter, organizationName, inviterName: "<i>Eve" });
  expect(mail.text).toContain(`<i>Eve invites you to join ${organizationName}`);
  expect(mail.html).toContain(
    "&lt;i&gt;Eve invites you to join &lt;b&gt;Evil&lt;/b&gt; &amp; &quot;Co&quot;",
  );
  expect(mail.html).not.toMatch(/<b>|<i>/);
});

test.each(["Visit evil.com now", "https://evil.example", "mail me@evil", "\\\\evil", "\r\n "])(
  "a name that reads like a link (%j) is left out of the mail",
  (name) => {
    const mail = invitationMail({ ...letter, organizationName: name, inviterName: name });
    expect(mail.subject).toBe("Invitation to an organization");
    expect(mail.text).toContain("You are invited to join an organization");
    expect(mail.text + mail.html).not.toContain("evil");
  },
);
