import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createTenant, password } from "../harness/client.ts";
import { answer, invited, letExpire, newAddress, newestToken, pathOf } from "../invitations/inbox.ts";
import { signUp } from "../sign-in/account.ts";
import { expectCreated, expectFields, expectPage, expectProblem } from "./shapes.ts";

const app = await startTestApp({ worker: false });
const { organizationId, people } = await createTenant(app);
const { org_admin, manager, client } = people;
const list = pathOf(organizationId);
const at = (method: string, path: string, by: { token: string } | null, body?: unknown) =>
  call(app, method, path, { token: by?.token, body });
const preview = (token: string) => at("GET", `/api/v1/invitations/${token}`, null);

test("an invitation is made for seven days, and nobody is told its token but by mail", async () => {
  const email = newAddress();
  const made = await at("POST", list, org_admin, { email: email.toUpperCase(), role: "coach" });
  expectCreated(made, "invitation", list);
  expect(made.json).toMatchObject({ email, role: "coach", status: "pending", invitedBy: org_admin.userId });
  expect(Date.parse(made.json.expiresAt) - Date.parse(made.json.createdAt)).toBe(7 * 24 * 3600 * 1000);
  const page = await at("GET", list, org_admin);
  expectPage(page, "invitation");
  const token = await newestToken(app, email);
  for (const { text } of [made, page]) expect(text).not.toContain(token);
});

test("from the mail to the membership: preview, sign-up with the token, accept; then it is gone", async () => {
  const email = newAddress();
  const { id, token } = await invited(app, organizationId, org_admin, email, "client");
  const seen = await preview(token);
  expectFields(seen.json, "preview");
  expect(seen.json).toMatchObject({ role: "client", status: "pending" });
  expect(seen.text).not.toContain(email);

  expectProblem(await signUp(app, { email: newAddress(), invitationToken: token }), 403, "email_mismatch");
  const { json } = await signUp(app, { email, password, invitationToken: token });
  expect(json.user).toMatchObject({ email, emailVerified: true });

  expectProblem(await answer(app, token, "accept", client), 403, "email_mismatch");
  const accepted = await answer(app, token, "accept", json);
  expect(accepted.status, accepted.text).toBe(200);
  expectFields(accepted.json, "invitationAnswer");
  expect(accepted.json).toMatchObject({ id, organizationId, email, role: "client", status: "accepted" });
  const { json: me } = await at("GET", "/api/v1/me", json);
  expect(me.memberships).toMatchObject([
    { memberId: accepted.json.memberId, organizationId, role: "client" },
  ]);
  expectProblem(await preview(token), 404, "not_found");
  expectProblem(await answer(app, token, "accept", json), 404, "not_found");
});

test("declined, replaced, revoked and expired tokens are 404 to everyone", async () => {
  const person = await createPerson(app);
  const gone = async (token: string) => {
    expectProblem(await preview(token), 404, "not_found");
    for (const verb of ["accept", "decline"] as const)
      expectProblem(await answer(app, token, verb, person), 404, "not_found");
  };
  const first = await invited(app, organizationId, org_admin, person.email);
  const declined = await answer(app, first.token, "decline", person);
  expectFields(declined.json, "invitationAnswer");
  expect(declined.json).toMatchObject({ status: "declined", memberId: null });
  await gone(first.token);

  const { id, token } = await invited(app, organizationId, org_admin, person.email);
  const resent = await at("POST", `${list}/${id}/resend`, org_admin);
  expectFields(resent.json, "invitation");
  await gone(token);
  const replaced = await newestToken(app, person.email);
  await letExpire(app, id);
  await gone(replaced);
  expect((await at("POST", `${list}/${id}/resend`, org_admin)).json).toMatchObject({ id, status: "pending" });
  const renewed = await newestToken(app, person.email);
  expect((await preview(renewed)).status).toBe(200);
  expect((await at("DELETE", `${list}/${id}`, org_admin)).status).toBe(204);
  expectProblem(await at("DELETE", `${list}/${id}`, org_admin), 404, "not_found");
  await gone(renewed);
  expectProblem(await at("POST", `${list}/${id}/resend`, org_admin), 409, "invalid_state");
});

test("one address is invited to one role once, and no member is", async () => {
  const body = { email: newAddress(), role: "coach" };
  expect((await at("POST", list, org_admin, body)).status).toBe(201);
  expectProblem(await at("POST", list, org_admin, body), 409, "conflict");
  expectProblem(await at("POST", list, org_admin, { ...body, email: client.email }), 409, "conflict");
  expectProblem(await at("POST", list, manager, { ...body, role: "manager" }), 403, "forbidden");
});

test("a bulk answers row by row, in its order", async () => {
  const [fresh, twice] = [newAddress(), newAddress()];
  const invitations = [
    { email: fresh, role: "client" },
    { email: "nobody", role: "client" },
    { email: client.email, role: "client" },
    { email: twice, role: "manager" },
    { email: twice, role: "coach" },
    { email: twice, role: "coach" },
  ];
  const { status, json } = await at("POST", `${list}/bulk`, manager, { invitations });
  expect([status, Object.keys(json)]).toEqual([200, ["data"]]);
  expect(json.data).toMatchObject([
    { email: fresh, role: "client", status: "created", invitation: { email: fresh } },
    { email: "nobody", status: "failed", code: "validation_failed" },
    { email: client.email, status: "failed", code: "conflict" },
    { email: twice, status: "failed", code: "forbidden" },
    { email: twice, status: "created" },
    { email: twice, status: "failed", code: "conflict" },
  ]);
  expectFields(json.data[0].invitation, "invitation");
  for (const count of [0, 201]) {
    const many = Array.from({ length: count }, () => invitations[0]);
    expectProblem(await at("POST", `${list}/bulk`, manager, { invitations: many }), 400, "validation_failed");
  }
});
