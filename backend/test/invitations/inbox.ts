import type { TestApp } from "../harness/app.ts";
import { call, type Person } from "../harness/client.ts";
import { mailJobsTo } from "../harness/waiting-mails.ts";

/** Mails enqueued for an address, oldest first; for applications without a worker. */
export const mailsTo = mailJobsTo;

/** The token of the newest link that was mailed to an address. */
export async function newestToken(app: TestApp, email: string): Promise<string> {
  const tokens = (await mailsTo(app, email)).flatMap(
    ({ text }) => /\/invitations\/([A-Za-z0-9_-]{43})\n/.exec(text)?.[1] ?? [],
  );
  const token = tokens.at(-1);
  if (!token) throw new Error(`no invitation was mailed to ${email}`);
  return token;
}

export const newAddress = (): string => `i${crypto.randomUUID().slice(0, 8)}@example.test`;

export const pathOf = (organizationId: string): string =>
  `/api/v1/organizations/${organizationId}/invitations`;

/** POST of one invitation. */
export const invite = (
  app: TestApp,
  organizationId: string,
  by: Pick<Person, "token">,
  email: string,
  role = "client",
) => call(app, "POST", pathOf(organizationId), { token: by.token, body: { email, role } });

/** Invites and reads the token of the mail. */
export async function invited(
  app: TestApp,
  organizationId: string,
  by: Pick<Person, "token">,
  email: string,
  role = "client",
): Promise<{ id: string; token: string }> {
  const answer = await invite(app, organizationId, by, email, role);
  if (answer.status !== 201) throw new Error(`invite: ${answer.status} ${answer.text}`);
  return { id: answer.json.id, token: await newestToken(app, email) };
}

export const answer = (app: TestApp, token: string, verb: "accept" | "decline", by: Pick<Person, "token">) =>
  call(app, "POST", `/api/v1/invitations/${token}/${verb}`, { token: by.token });

export const letExpire = (app: TestApp, invitationId: string) => app.deps.database.sql`
  update invitation set expires_at = now() - interval '1 second' where id = ${invitationId}`;
