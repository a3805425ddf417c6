import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin, createTenant } from "../harness/client.ts";
import { expectCreated, expectFields, expectPage, expectProblem } from "./shapes.ts";

const app = await startTestApp({ worker: false });
const [tenant, admin, person] = await Promise.all([
  createTenant(app),
  createPlatformAdmin(app),
  createPerson(app),
]);
const { organizationId, people } = tenant;
const base = "/api/v1/organizations";
const here = `${base}/${organizationId}`;
const slug = () => `s-${crypto.randomUUID().slice(0, 8)}`;
const at = (
  method: string,
  path: string,
  by: { token: string },
  body?: unknown,
  headers: Record<string, string> = {},
) => call(app, method, path, { token: by.token, body, headers });

test("an organization is made with a Location that leads to it", async () => {
  const made = await at("POST", base, person, { name: "  Mine ", slug: slug() });
  expectCreated(made, "organization", base);
  expect(made.json).toMatchObject({ name: "Mine", status: "active", version: 1, logoFileId: null });
  const found = await at("GET", made.headers.get("location") ?? "", person);
  expect(found.json).toEqual(made.json);
  expect([found.headers.get("etag"), made.headers.get("etag")]).toEqual(['"v1"', '"v1"']);
  const { json } = await at("GET", "/api/v1/me", person);
  expect(json.memberships).toMatchObject([{ organizationId: made.json.id, role: "org_admin" }]);
});

test.each<[string, object]>([
  ["name", { name: "", slug: "ok" }],
  ["name", { name: "x".repeat(101), slug: "ok" }],
  ["slug", { name: "ok", slug: "Not-Lower" }],
  ["slug", { name: "ok", slug: "under_score" }],
  ["slug", { name: "ok", slug: "x".repeat(51) }],
  ["adminEmail", { name: "ok", slug: "ok", adminEmail: "nobody" }],
])("%s: an organization is not made of %j", async (field, body) => {
  const refused = await at("POST", base, admin, body);
  expectProblem(refused, 400, "validation_failed");
  expect(refused.json.details.map((one: { field: string }) => one.field)).toEqual([field]);
});

test("adminEmail is invited as org_admin, and a platform admin stays outside", async () => {
  const made = await at("POST", base, admin, { name: "Third", slug: slug(), adminEmail: "Boss@Third.test" });
  expectCreated(made, "organization", base);
  const invited = await at("GET", `${base}/${made.json.id}/invitations`, admin);
  expect(invited.json.data).toMatchObject([
    { email: "boss@third.test", role: "org_admin", status: "pending" },
  ]);
  expect((await at("GET", `${base}/${made.json.id}/members`, admin)).json.data).toEqual([]);
});

test("the list is the platform's", async () => {
  expectPage(await at("GET", base, admin), "organization");
  expectProblem(await at("GET", base, people.org_admin), 403, "forbidden");
});

test.each<[string, object, "organization" | "settings"]>([
  ["", { name: "Renamed" }, "organization"],
  ["/settings", { clientsSeeDirectory: true }, "settings"],
])("%s is read and written with its version", async (rest, change, shape) => {
  const read = await at("GET", here + rest, people.org_admin);
  expectFields(read.json, shape);
  const tag = read.headers.get("etag") ?? "";
  expect(tag).toBe(`"v${read.json.version}"`);
  expect((await at("GET", here + rest, people.org_admin, undefined, { "if-none-match": tag })).status).toBe(
    304,
  );
  const written = await at("PATCH", here + rest, people.org_admin, change, { "if-match": tag });
  expectFields(written.json, shape);
  expect(written.json).toMatchObject({ ...change, version: read.json.version + 1 });
  expect(written.headers.get("etag")).toBe(`"v${written.json.version}"`);
  expectProblem(
    await at("PATCH", here + rest, people.org_admin, change, { "if-match": tag }),
    412,
    "precondition_failed",
  );
});

test("storage is read by staff and set by the platform", async () => {
  expectFields((await at("GET", `${here}/storage`, people.manager)).json, "storage");
  const set = await at("PATCH", `${here}/storage`, admin, { quotaBytes: 1_000_000 });
  expectFields(set.json, "storage");
  expect(set.json.quotaBytes).toBe(1_000_000);
});

test("the life of an organization: each step once, its slug kept after the deletion", async () => {
  const name = slug();
  const { json } = await at("POST", base, person, { name: "Short", slug: name });
  const path = `${base}/${json.id}`;
  const step = async (verb: string, status: string) => {
    const done = await at("POST", `${path}/${verb}`, admin);
    expect(done.status, done.text).toBe(200);
    expectFields(done.json, "organization");
    expect(done.json.status).toBe(status);
    expectProblem(await at("POST", `${path}/${verb}`, admin), 409, "invalid_state");
  };
  await step("suspend", "suspended");
  expectProblem(await at("GET", path, person), 403, "suspended");
  expect((await at("GET", "/api/v1/me", person)).status).toBe(200);
  await step("reactivate", "active");
  expect((await at("DELETE", path, person)).status).toBe(204);
  expectProblem(await at("DELETE", path, person), 404, "not_found");
  expectProblem(await at("GET", path, person), 404, "not_found");
  expectProblem(await at("POST", base, person, { name: "Again", slug: name }), 409, "conflict");
  await step("restore", "active");
});

test("members: list and filters, one with its version, change, removal once", async () => {
  const members = `${here}/members`;
  expectPage(await at("GET", members, people.org_admin), "member");
  const q = encodeURIComponent(people.client.email);
  const { json } = await at("GET", `${members}?role=client&status=active&q=${q}`, people.org_admin);
  expect(json.data).toMatchObject([
    { userId: people.client.userId, organizationId, role: "client", version: 1 },
  ]);
  const path = `${members}/${json.data[0].id}`;
  const one = await at("GET", path, people.org_admin);
  expect([one.json, one.headers.get("etag")]).toEqual([json.data[0], '"v1"']);

  const write = (body: object, tag = "*") => at("PATCH", path, people.org_admin, body, { "if-match": tag });
  const changed = await write({ role: "coach", status: "suspended" }, '"v1"');
  expectFields(changed.json, "member");
  expect([changed.json.version, changed.headers.get("etag")]).toEqual([2, '"v2"']);
  expectProblem(await at("GET", here, people.client), 403, "suspended");
  expectProblem(await write({ role: "client" }, '"v1"'), 412, "precondition_failed");
  expectProblem(await write({ role: "platform_admin" }), 400, "validation_failed");
  expectProblem(await write({ status: "removed" }), 400, "validation_failed");
  for (const verb of ["revoke-sessions", "reset-2fa"])
    expectFields((await at("POST", `${path}/${verb}`, people.org_admin)).json, "member");

  expectProblem(
    await at("DELETE", path, people.org_admin, undefined, { "if-match": '"v1"' }),
    412,
    "precondition_failed",
  );
  expect((await at("DELETE", path, people.org_admin)).status).toBe(204);
  expectProblem(await at("DELETE", path, people.org_admin), 404, "not_found");
  expectProblem(await at("GET", path, people.org_admin), 404, "not_found");
});

test("leaving answers with the member that was, and then nothing is there", async () => {
  expectProblem(await at("POST", `${here}/leave`, people.org_admin), 409, "last_admin");
  const left = await at("POST", `${here}/leave`, people.coach);
  expectFields(left.json, "member");
  expectProblem(await at("POST", `${here}/leave`, people.coach), 404, "not_found");
  expect((await at("GET", "/api/v1/me", people.coach)).json.memberships).toEqual([]);
});
