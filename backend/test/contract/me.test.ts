import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call, createTenant, password } from "../harness/client.ts";
import { newAccount, tokenOf } from "../sign-in/account.ts";
import { expectFields, expectPage, expectProblem } from "./shapes.ts";

const app = await startTestApp({ worker: false });
const { people } = await createTenant(app);
const { token } = people.coach;
const at = (method: string, path = "", body?: unknown, headers: Record<string, string> = {}, as = token) =>
  call(app, method, `/api/v1/me${path}`, { token: as, body, headers });

test("/me tells who one is and where, and carries its version as ETag alone", async () => {
  const { json, headers } = await at("GET");
  expectFields(json, "me");
  for (const one of json.memberships) expectFields(one, "membership");
  expect(json).toMatchObject({
    globalRole: null,
    timeZone: "UTC",
    locale: "en",
    memberships: [{ role: "coach", status: "active" }],
  });
  expect(json.createdAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(headers.get("etag")).toBe('"v1"');
  expect(headers.get("cache-control")).toBe("no-store");
});

test("a profile takes name, time zone and locale, each alone, and answers /me", async () => {
  for (const change of [{ name: "Cora" }, { timeZone: "Europe/Berlin" }, { locale: "de-CH" }]) {
    const { json, headers } = await at("PATCH", "", change);
    expectFields(json, "me");
    expect(json).toMatchObject(change);
    expect(headers.get("etag")).toMatch(/^"v\d+"$/);
  }
  expectProblem(await at("PATCH", "", { name: "Late" }, { "if-match": '"v1"' }), 412, "precondition_failed");
});

test.each<[string, object]>([
  ["timeZone", { timeZone: "Mars/Phobos" }],
  ["timeZone", { timeZone: "+01:00" }],
  ["locale", { locale: "not a locale" }],
  ["name", { name: "" }],
  ["email", { email: "else@example.test" }],
  ["globalRole", { globalRole: "platform_admin" }],
  ["avatarFileId", { avatarFileId: null }],
])("%s: a profile does not take %j", async (field, body) => {
  const refused = await at("PATCH", "", body);
  expectProblem(refused, 400, "validation_failed");
  expect(refused.json.details.map((one: { field: string }) => one.field)).toEqual([field]);
});

test("keep-alive and step-up answer times, without a body where none is needed", async () => {
  expectFields((await at("POST", "/keep-alive")).json, "keepAlive");
  const { status, json } = await at("POST", "/step-up", { password });
  expect([status, Object.keys(json)]).toEqual([200, ["expiresAt"]]);
  expectProblem(await at("POST", "/step-up", { password: "wrong horse battery" }), 403, "forbidden");
  expectProblem(await at("POST", "/step-up", {}), 400, "validation_failed");
  expectProblem(await at("POST", "/step-up", { password, code: "123456" }), 400, "validation_failed");
});

test("auth sessions are listed without a token, one ends once, and all others at a time", async () => {
  const person = await newAccount(app);
  const others = [await tokenOf(app, person.email), await tokenOf(app, person.email)];
  const mine = (method: string, path: string) => at(method, path, undefined, {}, person.token);
  const list = await mine("GET", "/auth-sessions");
  expectPage(list, "authSession");
  expect(list.text).not.toContain(person.token.split(".")[0]);
  expect(list.json.data.map((one: { current: boolean }) => one.current)).toEqual([false, false, true]);

  const newest = `/auth-sessions/${list.json.data[0].id}`;
  expect((await mine("DELETE", newest)).status).toBe(204);
  expectProblem(await mine("DELETE", newest), 404, "not_found");
  expectProblem(await mine("DELETE", `/auth-sessions/${uuidv7()}`), 404, "not_found");
  expect((await at("GET", "", undefined, {}, others[1])).status).toBe(401);
  expect((await at("GET", "", undefined, {}, others[0])).status).toBe(200);

  expect((await mine("DELETE", "/auth-sessions")).status).toBe(204);
  expect((await at("GET", "", undefined, {}, others[0])).status).toBe(401);
  expect((await mine("GET", "")).status).toBe(200);
});
