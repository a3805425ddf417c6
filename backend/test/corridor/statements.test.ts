import { expect, test, vi } from "vitest";
import { createWorld } from "../access-matrix/world.ts";
import { startTestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";

const app = await startTestApp({ worker: false });
const world = await createWorld(app);
const { here, platformAdmin } = world;
const { org_admin, client } = here.people;
const organization = `/api/v1/organizations/${here.organizationId}`;
const file = `/api/v1/files/${here.files.organizationFile}`;
const [member] = await app.deps.database.sql`select id from member where user_id = ${client.userId}`;

/** Statements of the second of two equal requests: the first may prepare. */
async function statementsOf(method: string, path: string, token: string): Promise<readonly string[]> {
  await call(app, method, path, { token });
  app.statements.length = 0;
  const { status } = await call(app, method, path, { token });
  expect(status).toBe(200);
  return [...app.statements];
}

test.each([
  ["GET /me", 1, "GET", "/api/v1/me", client],
  ["GET /api/auth/get-session", 1, "GET", "/api/auth/get-session", client],
  ["an organization, by its member", 1, "GET", organization, client],
  ["an organization, by a platform admin", 2, "GET", organization, platformAdmin],
  ["the list of organizations", 2, "GET", "/api/v1/organizations", platformAdmin],
  ["one's auth sessions", 2, "GET", "/api/v1/me/auth-sessions", client],
  ["a file", 1, "GET", file, org_admin],
  ["the settings", 2, "GET", `${organization}/settings`, org_admin],
  ["the list of members", 2, "GET", `${organization}/members`, org_admin],
  ["a member", 2, "GET", `${organization}/members/${member?.id}`, org_admin],
  ["the list of invitations", 2, "GET", `${organization}/invitations`, org_admin],
  ["a stream", 1, "GET", `${file}/stream`, org_admin],
  ["the head of a stream", 1, "HEAD", `${file}/stream`, org_admin],
] as const)("%s takes %i statements", async (_, count, method, path, person) => {
  expect(await statementsOf(method, path, person.token)).toHaveLength(count);
});

test("keep-alive takes two at most", async () => {
  const statements = await statementsOf("POST", "/api/v1/me/keep-alive", client.token);
  expect(statements.length).toBeLessThanOrEqual(2);
});

test("the number does not grow with the number of rows", async () => {
  const short = await statementsOf("GET", "/api/v1/organizations?limit=1", platformAdmin.token);
  const long = await statementsOf("GET", "/api/v1/organizations?limit=100", platformAdmin.token);
  expect(long.length).toBe(short.length);
});

test("a refused token costs no more than its look-up, and a forged one nothing", async () => {
  app.statements.length = 0;
  await call(app, "GET", "/api/v1/me", { token: `${client.token}x` });
  expect(app.statements).toEqual([]);
  await call(app, "GET", "/api/v1/config/public");
  expect(app.statements).toEqual([]);
});

test("a sign-in takes five statements and one hash; a failed one two and one, with or without an account", async () => {
  const hashes = [vi.spyOn(app.deps.passwords, "hash"), vi.spyOn(app.deps.passwords, "verify")];
  const costOf = async (email: string, secret: string) => {
    app.statements.length = 0;
    for (const spy of hashes) spy.mockClear();
    const { status } = await call(app, "POST", "/api/auth/sign-in/email", {
      body: { email, password: secret },
    });
    const hashed = hashes.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
    return { status, statements: app.statements.length, hashed };
  };
  expect(await costOf(client.email, password)).toEqual({ status: 200, statements: 5, hashed: 1 });
  for (const email of [client.email, "nobody@example.test"])
    expect(await costOf(email, "a wrong guess")).toEqual({ status: 401, statements: 2, hashed: 1 });
});
