import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import { edited, makeSession } from "../access-matrix/sessions.ts";
import { startTestApp } from "../harness/app.ts";
import { call, createPerson, createPlatformAdmin } from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const admin = await createPlatformAdmin(app);
const other = await createPlatformAdmin(app);
const { sql } = app.deps.database;

async function insertOrganizations(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => uuidv7());
  for (const id of ids)
    await sql`insert into organization (id, name, slug) values (${id}, ${`Org ${id}`}, ${`o-${id}`})`;
  return ids;
}

const page = (path: string, query: string, token = admin.token) =>
  call(app, "GET", `/api/v1${path}${query}`, { token });
const withCursor = (cursor: string) => `?cursor=${encodeURIComponent(cursor)}`;

for (const person of [admin, other]) for (let i = 0; i < 3; i++) await makeSession(app, person.userId);
const existing = await insertOrganizations(45);
const organizations = (await page("/organizations", "?limit=1")).json.page.nextCursor as string;
const sessions = (await page("/me/auth-sessions", "?limit=1")).json.page.nextCursor as string;

test("paging sees each of 45 rows once, newest first, while others are inserted", async () => {
  const seen: string[] = [];
  let query = "?limit=10";
  for (;;) {
    const { status, json } = await page("/organizations", query);
    expect(status).toBe(200);
    seen.push(...json.data.map((one: { id: string }) => one.id));
    expect(json.page.hasMore).toBe(json.page.nextCursor !== null);
    if (!json.page.hasMore) break;
    await insertOrganizations(3);
    query = `?limit=10&cursor=${encodeURIComponent(json.page.nextCursor)}`;
  }
  expect(seen.filter((id) => existing.includes(id))).toEqual([...existing].reverse());
  expect(new Set(seen).size).toBe(seen.length);
});

test("a page is 20 long unless told otherwise, and at most 100", async () => {
  expect((await page("/organizations", "")).json.data).toHaveLength(20);
  expect((await page("/organizations", "?limit=1")).json.data).toHaveLength(1);
  expect((await page("/organizations", "?limit=100")).json.page.hasMore).toBe(false);
  expect((await page("/organizations", "?limit=101")).json.code).toBe("validation_failed");
});

test("a page that ends exactly at the last row says that there is no more", async () => {
  const person = await createPerson(app);
  await makeSession(app, person.userId);
  const total = (await page("/me/auth-sessions", "", person.token)).json.data.length;
  const { json } = await page("/me/auth-sessions", `?limit=${total}`, person.token);
  expect(json.page).toEqual({ nextCursor: null, hasMore: false });
});

test("an edited, foreign or made-up cursor is 400 invalid_cursor", async () => {
  const decoded = Buffer.from(organizations, "base64url").toString();
  const cursors = [
    edited(organizations),
    `x${organizations}`,
    organizations.slice(0, -5),
    organizations.split(".")[0] ?? "",
    `${organizations.split(".")[0]}.`,
    sessions,
    "x",
    existing[0] ?? "",
    Buffer.from(decoded).toString("base64"),
    Buffer.from('{"id":"x"}').toString("base64url"),
  ].filter((cursor) => cursor !== organizations);
  for (const cursor of cursors) {
    const { status, json } = await page("/organizations", withCursor(cursor));
    expect([status, json.code], cursor.slice(0, 60)).toEqual([400, "invalid_cursor"]);
  }
});

test("a cursor of one's own sessions is worth nothing to somebody else", async () => {
  const { status, json } = await page("/me/auth-sessions", withCursor(sessions), other.token);
  expect([status, json.code]).toEqual([400, "invalid_cursor"]);
});

test("a cursor may go on with another page size, at both aliases", async () => {
  const { status } = await page("/organizations", `${withCursor(organizations)}&limit=5`);
  expect(status).toBe(200);
  const alias = await call(app, "GET", `/api/organizations${withCursor(organizations)}`, {
    token: admin.token,
  });
  expect(alias.status).toBe(200);
});

test("a cursor tells nothing of the row in clear", () => {
  expect(organizations).not.toContain(existing.at(-1) ?? "");
});
