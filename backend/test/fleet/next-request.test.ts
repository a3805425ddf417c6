import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { startFleetApp } from "../harness/app.ts";
import {
  call,
  createPerson,
  createPlatformAdmin,
  createTenant,
  makeStale,
  type Person,
  password,
} from "../harness/client.ts";
import { answer as answerInvitation, invited, newAddress, pathOf } from "../invitations/inbox.ts";
import { memberIdOf, pathOf as membersOf } from "../members/members.ts";
import { act, setRole } from "../platform-users/users.ts";
import { freshEmail, me, signIn, signUp, tally, tokenOf } from "../sign-in/account.ts";
import { answer, challenge, newEnrolled } from "../sign-in/authenticator.ts";

const app = await startFleetApp({ worker: false, env: { ORGANIZATION_SIGNUP: "open" } });
const [one, two] = app.servers as [(typeof app.servers)[0], (typeof app.servers)[0]];
const admin = await createPlatformAdmin(app);

/** The application with one of its servers in the place of nginx. */
const only = ({ url }: { url: string }) => ({ ...app, url });

interface Scene {
  /** Where the change is made. */
  readonly here: typeof app;
  /** Where the next request goes. */
  readonly there: typeof app;
}

/** Both ways round: what is tested may not depend on which server was started first. */
const bothWays = describe.each<[string, Scene]>([
  ["the first server, on the second", { here: only(one), there: only(two) }],
  ["the second server, on the first", { here: only(two), there: only(one) }],
]);

const code = ({ status, json }: Awaited<ReturnType<typeof call>>) => [status, json?.code];
const unauthenticated = [401, "unauthenticated"];

bothWays("what is taken away on %s is gone with the next request", (_, { here, there }) => {
  /** Somebody whom the other server knows already, should it keep anything in mind. */
  async function known(): Promise<Person> {
    const person = await createPerson(here);
    for (const at of [here, there, there]) expect((await me(at, person.token)).status).toBe(200);
    return person;
  }

  test("a sign-out", async () => {
    const { token } = await known();
    expect((await call(here, "POST", "/api/auth/sign-out", { token })).status).toBe(200);
    expect(code(await me(there, token))).toEqual(unauthenticated);
  });

  test("the other auth sessions", async () => {
    const { token, email } = await known();
    const second = await tokenOf(there, email);
    expect((await call(here, "DELETE", "/api/v1/me/auth-sessions", { token: second })).status).toBe(204);
    expect(code(await me(there, token))).toEqual(unauthenticated);
    expect((await me(there, second)).status).toBe(200);
  });

  test("a password", async () => {
    const { token, email } = await known();
    const body = { currentPassword: password, newPassword: `${password}!` };
    expect((await call(here, "POST", "/api/auth/change-password", { token, body })).status).toBe(200);
    expect(code(await me(there, token))).toEqual(unauthenticated);
    expect((await signIn(there, email)).status).toBe(401);
  });

  test("a banned person's everything", async () => {
    const person = await known();
    expect((await act(here, admin, person, "ban")).status).toBe(200);
    expect(code(await me(there, person.token))).toEqual(unauthenticated);
    expect((await signIn(there, person.email)).status).toBe(401);
  });

  test("the auth sessions that a platform admin ends", async () => {
    const person = await known();
    expect((await act(here, admin, person, "revoke-sessions")).status).toBe(200);
    expect(code(await me(there, person.token))).toEqual(unauthenticated);
  });

  test("a platform admin's role", async () => {
    const person = await known();
    const list = () => call(there, "GET", "/api/v1/platform/users", { token: person.token });
    expect((await setRole(here, admin, person, "platform_admin")).status).toBe(200);
    const { token } = (await signIn(there, person.email)).json;
    const again = () => call(there, "GET", "/api/v1/platform/users", { token });
    expect((await again()).status).toBe(200);
    expect((await setRole(here, admin, person, null)).status).toBe(200);
    expect(code(await again())).toEqual([403, "forbidden"]);
    expect([401, 403]).toContain((await list()).status);
  });

  test("a role, a membership, and a whole organization", async () => {
    const { organizationId, people } = await createTenant(here);
    const { org_admin, manager, coach, client } = people;
    const organization = `/api/v1/organizations/${organizationId}`;
    const patch = async (person: Person, body: object) => {
      const path = membersOf(organizationId, `/${await memberIdOf(app, organizationId, person)}`);
      expect((await call(here, "PATCH", path, { token: org_admin.token, body })).status).toBe(200);
    };
    const invitations = () => call(there, "GET", pathOf(organizationId), { token: manager.token });
    const look = (person: Person) => call(there, "GET", organization, { token: person.token });

    expect((await invitations()).status).toBe(200);
    await patch(manager, { role: "client" });
    expect(code(await invitations())).toEqual([403, "forbidden"]);

    expect((await look(coach)).status).toBe(200);
    await patch(coach, { status: "suspended" });
    expect(code(await look(coach))).toEqual([403, "suspended"]);
    await patch(coach, { status: "active" });
    expect((await look(coach)).status).toBe(200);

    expect((await look(client)).status).toBe(200);
    const path = membersOf(organizationId, `/${await memberIdOf(app, organizationId, client)}`);
    expect((await call(here, "DELETE", path, { token: org_admin.token })).status).toBe(204);
    expect(code(await look(client))).toEqual([404, "not_found"]);

    expect((await call(here, "POST", `${organization}/suspend`, { token: admin.token })).status).toBe(200);
    expect(code(await look(org_admin))).toEqual([403, "suspended"]);
  });
});

describe("what is good for once is good for one server", () => {
  /** The same request at both servers, many times at once. */
  const everywhere = <T>(ask: (at: typeof app, n: number) => Promise<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: 20 }, (_, n) => ask(only(n % 2 ? one : two), n)));

  test("a code of the second factor", async () => {
    const person = await newEnrolled(app);
    const challenges = [await challenge(only(one), person.email), await challenge(only(two), person.email)];
    const right = await person.device.code();
    const answers = await Promise.all([
      answer(only(two), challenges[0] ?? "", right),
      answer(only(one), challenges[1] ?? "", right),
    ]);
    expect(tally(answers)).toEqual({ 200: 1, 401: 1 });
  });

  test("a backup code", async () => {
    const person = await newEnrolled(app);
    const challenges = [await challenge(only(one), person.email), await challenge(only(two), person.email)];
    const backup = person.backupCodes[0] ?? "";
    const factor = { factor: "backup-code" } as const;
    const answers = await Promise.all([
      answer(only(two), challenges[0] ?? "", backup, factor),
      answer(only(one), challenges[1] ?? "", backup, factor),
    ]);
    expect(tally(answers)[200]).toBe(1);
  });

  test("an invitation", async () => {
    const { organizationId, people } = await createTenant(app);
    const email = newAddress();
    const { token } = await invited(app, organizationId, people.org_admin, email, "client");
    const account = (await signUp(app, { email, invitationToken: token })).json;
    const answers = await everywhere((at) => answerInvitation(at, token, "accept", account));
    expect(tally(answers)[200]).toBe(1);
  });

  test("an idempotency key: all get the first answer, whoever gave it", async () => {
    const person = await createPerson(app);
    const init = {
      token: person.token,
      headers: { "idempotency-key": randomUUID() },
      body: { name: "Once", slug: `s-${randomUUID()}` },
    };
    const answers = await everywhere((at) => call(at, "POST", "/api/v1/organizations", init));
    const made = answers.filter(({ status }) => status === 201);
    expect(new Set(made.map(({ json }) => json.id)).size).toBe(1);
    // The others came while the first was at work, and are told to come again.
    for (const { status, headers } of answers.filter((one) => one.status !== 201))
      expect([status, headers.has("retry-after")]).toEqual([409, true]);
    const again = await call(only(two), "POST", "/api/v1/organizations", init);
    expect([again.status, again.headers.get("idempotency-replayed")]).toEqual([201, "true"]);
  });

  test("an address: one account, however many sign up with it at once", async () => {
    const email = freshEmail();
    await everywhere((at) => signUp(at, { email }));
    expect(await app.deps.database.sql`select 1 from "user" where email = ${email}`).toHaveLength(1);
  });
});

test("what one server begins, another goes on with", async () => {
  const person = await newEnrolled(only(one));
  const begun = await challenge(only(one), person.email);
  expect((await answer(only(two), begun, await person.device.code())).status).toBe(200);

  const { people, organizationId } = await createTenant(only(one));
  const members = (at: typeof app, cursor = "") =>
    call(at, "GET", `${membersOf(organizationId)}?limit=1${cursor && `&cursor=${cursor}`}`, people.org_admin);
  const { nextCursor } = (await members(only(one))).json.page;
  expect((await members(only(two), nextCursor)).status).toBe(200);

  // A credential shown to one is fresh for the other.
  const aged = await createPerson(only(one));
  await makeStale(app, aged);
  const stepUp = { token: aged.token, body: { password } };
  expect((await call(only(one), "POST", "/api/v1/me/step-up", stepUp)).status).toBe(200);
  const change = { token: aged.token, body: { newEmail: freshEmail() } };
  expect((await call(only(two), "POST", "/api/auth/change-email", change)).status).toBe(200);
});
