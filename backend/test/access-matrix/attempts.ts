import { randomBytes, randomInt } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import type { TestApp } from "../harness/app.ts";
import { call, type Person, password } from "../harness/client.ts";
import { auditAttempts } from "./attempts.audit.ts";
import { fileAttempts } from "./attempts.files.ts";
import { invitationAttempts } from "./attempts.invitations.ts";
import { memberAttempts } from "./attempts.members.ts";
import { organizationAttempts } from "./attempts.organizations.ts";
import { platformUserAttempts } from "./attempts.platform-users.ts";
import type { PopulatedTenant } from "./world.ts";

export interface Scene {
  readonly app: TestApp;
  /** The same application with closed organization sign-up, on the same data. */
  readonly closedApp: TestApp;
  /** Who asks, or on whose behalf things are prepared when nobody is signed in. */
  readonly caller: Person;
  readonly target: PopulatedTenant;
}

export interface Attempt {
  /** Values of the path's parameters. */
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  /** A token of its own, where the attempt would end the caller's. */
  readonly token?: string;
  readonly app?: TestApp;
}

export type Prepare = (scene: Scene) => Attempt | Promise<Attempt>;

const nothing: Prepare = () => ({});

/** Inserts an auth session that nobody uses. */
async function spareSession({ app }: Scene, person: Person): Promise<string> {
  const id = uuidv7();
  await app.deps.database.sql`
    insert into session (id, token, user_id, expires_at)
    values (${id}, ${randomBytes(24).toString("base64url")}, ${person.userId}, now() + interval '1 day')`;
  return id;
}

async function freshToken({ app, caller }: Scene): Promise<string> {
  const { json } = await call(app, "POST", "/api/auth/sign-in/email", {
    body: { email: caller.email, password },
  });
  return json.token;
}

const organization: Prepare = ({ target }) => ({ params: { organizationId: target.organizationId } });
const newOrganization = () => ({ name: "Made Here", slug: `made-${uuidv7()}` });
const wrong = "not the password";

/** How each row of the table is attempted. */
export const attempts: Readonly<Record<string, Prepare>> = {
  "system.root": nothing,
  "system.health": nothing,
  "system.live": nothing,
  "system.ready": nothing,
  "system.securityTxt": nothing,
  "system.apiHealth": nothing,
  "system.publicConfig": nothing,
  "system.errorStats": nothing,
  "me.get": nothing,
  "me.update": () => ({ body: { locale: "de" } }),
  "me.keepAlive": nothing,
  "me.stepUp": () => ({ body: { password } }),
  "me.authSessions.list": nothing,
  "me.authSessions.revokeOthers": async (scene) => {
    await spareSession(scene, scene.caller);
    return {};
  },
  "me.authSessions.revoke: own": async (scene) => ({
    params: { authSessionId: await spareSession(scene, scene.caller) },
  }),
  "me.authSessions.revoke: another person's": async (scene) => ({
    params: { authSessionId: await spareSession(scene, scene.target.colleague) },
  }),
  "organizations.list": nothing,
  "organizations.create": () => ({ body: newOrganization() }),
  "organizations.create: closed sign-up": ({ closedApp }) => ({ app: closedApp, body: newOrganization() }),
  "organizations.get": organization,
  "organizations.update": async (scene) => ({ ...(await organization(scene)), body: { name: "Renamed" } }),
  ...organizationAttempts,
  ...memberAttempts,
  ...invitationAttempts,
  ...fileAttempts,
  ...platformUserAttempts,
  ...auditAttempts,
  "auth.signUpEmail": () => ({
    body: { name: "New Person", email: `${uuidv7()}@example.test`, password },
  }),
  "auth.signInEmail": ({ caller }) => ({ body: { email: caller.email, password } }),
  "auth.signOut": async (scene) => ({ token: await freshToken(scene), body: {} }),
  "auth.getSession": nothing,
  "auth.requestPasswordReset": ({ target }) => ({ body: { email: target.colleague.email } }),
  "auth.resetPassword": () => ({ body: { token: "never-issued", newPassword: password } }),
  "auth.sendVerificationEmail": ({ target }) => ({ body: { email: target.colleague.email } }),
  "auth.verifyEmail": () => ({ query: "?token=never-issued" }),
  "auth.changePassword": () => ({ body: { currentPassword: wrong, newPassword: password } }),
  "auth.changeEmail": () => ({ body: { newEmail: `${uuidv7()}@example.test` } }),
  "auth.twoFactorEnable": () => ({ body: { password: wrong } }),
  // Each caller with a code of its own: one that was presented before is refused as such.
  "auth.twoFactorVerifyTotp": () => ({ body: { code: String(randomInt(100_000, 1_000_000)) } }),
  "auth.twoFactorVerifyBackupCode": () => ({ body: { code: "aaaaa-bbbbb" } }),
  "auth.twoFactorDisable": () => ({ body: { password: wrong, code: "000000" } }),
  "auth.twoFactorGenerateBackupCodes": () => ({ body: { password: wrong } }),
};
