import { expect, test } from "vitest";
import { startTestApp } from "../harness/app.ts";
import { call } from "../harness/client.ts";
import { me, newAccount, signIn, tokenOf } from "../sign-in/account.ts";

const key = "Qm7xTb3nWk9vZr5cPd2yLh8sGf6jRa4e";
const app = await startTestApp({ env: { CLIENT_API_KEY: `web:${key}` } });
const path = "/api/v1/me/auth-sessions";
const list = async (token: string, query = "") => (await call(app, "GET", `${path}${query}`, { token })).json;
const raw = (token: string) => decodeURIComponent(token).split(".")[0] ?? "";

test("the list names every sign-in, marks the present one and holds no token", async () => {
  const { email, token } = await newAccount(app);
  const other = await signIn(app, email, undefined, { "x-client-key": key, "user-agent": "Phone/1.0" });
  const { status, json, text } = await call(app, "GET", path, { token });
  expect(status).toBe(200);
  expect(Object.keys(json).sort()).toEqual(["data", "page"]);
  expect(json.page).toEqual({ nextCursor: null, hasMore: false });
  expect(json.data).toHaveLength(2);
  for (const one of json.data) {
    const fields = ["client", "createdAt", "current", "expiresAt", "id", "ip", "lastSeenAt", "userAgent"];
    expect(Object.keys(one).sort()).toEqual(fields);
    for (const at of [one.createdAt, one.lastSeenAt, one.expiresAt]) expect(at).toMatch(/^\d{4}-.*Z$/);
    expect(one.ip).toBe("127.0.0.1");
  }
  expect(json.data.map(({ current }: { current: boolean }) => current)).toEqual([false, true]);
  expect(json.data[0]).toMatchObject({ userAgent: "Phone/1.0", client: "web" });
  expect(json.data[1].client).toBeNull();
  for (const secret of [raw(token), raw(other.json.token)]) expect(text).not.toContain(secret);
});

test("the list goes on by cursor, bound and signed", async () => {
  const { email, token } = await newAccount(app);
  await tokenOf(app, email);
  await tokenOf(app, email);
  const first = await list(token, "?limit=2");
  expect([first.data.length, first.page.hasMore]).toEqual([2, true]);
  const second = await list(token, `?limit=2&cursor=${encodeURIComponent(first.page.nextCursor)}`);
  expect([second.data.length, second.page]).toEqual([1, { nextCursor: null, hasMore: false }]);
  const ids = [...first.data, ...second.data].map(({ id }: { id: string }) => id);
  expect(new Set(ids).size).toBe(3);
  for (const query of ["?limit=0", "?limit=101", "?limit=x", "?surprise=1", "?cursor=x"])
    expect((await call(app, "GET", `${path}${query}`, { token })).status, query).toBe(400);
  const stranger = await newAccount(app);
  const foreign = await call(
    app,
    "GET",
    `${path}?limit=2&cursor=${encodeURIComponent(first.page.nextCursor)}`,
    { token: stranger.token },
  );
  expect([foreign.status, foreign.json.code]).toEqual([400, "invalid_cursor"]);
});

test("one sign-in can be ended, once", async () => {
  const { email, token } = await newAccount(app);
  const elsewhere = await tokenOf(app, email);
  const [{ id }] = (await list(elsewhere)).data.filter(({ current }: { current: boolean }) => current);
  const end = () => call(app, "DELETE", `${path}/${id}`, { token });
  const ended = await end();
  expect([ended.status, ended.text]).toEqual([204, ""]);
  expect((await me(app, elsewhere)).status).toBe(401);
  expect((await me(app, token)).status).toBe(200);
  expect((await end()).status).toBe(404);
});

test("somebody else's sign-in answers like one that does not exist", async () => {
  const [mine, theirs] = [await newAccount(app), await newAccount(app)];
  const [{ id }] = (await list(theirs.token)).data;
  for (const one of [id, crypto.randomUUID(), "x"]) {
    const { status, json } = await call(app, "DELETE", `${path}/${one}`, { token: mine.token });
    expect([status, json.code], one).toEqual([404, "not_found"]);
  }
  expect((await me(app, theirs.token)).status).toBe(200);
});

test("all others can be ended at once, and only one's own", async () => {
  const [{ email, token }, bystander] = [await newAccount(app), await newAccount(app)];
  const others = [await tokenOf(app, email), await tokenOf(app, email)];
  expect((await call(app, "DELETE", path, { token })).status).toBe(204);
  for (const other of others) expect((await me(app, other)).status).toBe(401);
  for (const kept of [token, bystander.token]) expect((await me(app, kept)).status).toBe(200);
  expect((await list(token)).data).toHaveLength(1);
});

test("without a token there is nothing to see or end", async () => {
  for (const [method, at] of [
    ["GET", path],
    ["DELETE", path],
    ["DELETE", `${path}/${crypto.randomUUID()}`],
  ] as const)
    expect((await call(app, method, at)).status).toBe(401);
});
