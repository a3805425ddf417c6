import type { TestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";

type Headers = Record<string, string>;

export const freshEmail = (start = "p"): string => `${start}${crypto.randomUUID().slice(0, 13)}@example.test`;

export const signUp = (app: { url: string }, body: Record<string, unknown>, headers: Headers = {}) =>
  call(app, "POST", "/api/auth/sign-up/email", { body: { name: "Test Person", password, ...body }, headers });

export const signIn = (app: { url: string }, email: string, secret = password, headers: Headers = {}) =>
  call(app, "POST", "/api/auth/sign-in/email", { body: { email, password: secret }, headers });

export const me = (app: { url: string }, token: string) => call(app, "GET", "/api/v1/me", { token });

export interface Account {
  readonly email: string;
  readonly userId: string;
  readonly token: string;
}

/** Signs up where no verification is asked for: half the hashing of `createPerson`. */
export async function newAccount(app: TestApp, start?: string): Promise<Account> {
  const email = freshEmail(start);
  const { status, text, json } = await signUp(app, { email });
  if (status !== 200) throw new Error(`sign-up: ${status} ${text}`);
  await app.deps.database.sql`update "user" set email_verified = true where email = ${email}`;
  return { email, userId: json.user.id, token: json.token };
}

/** One more sign-in of an account; throws unless it answers with a token. */
export async function tokenOf(app: { url: string }, email: string, secret = password): Promise<string> {
  const { status, text, json } = await signIn(app, email, secret);
  if (status !== 200 || typeof json.token !== "string") throw new Error(`sign-in: ${status} ${text}`);
  return json.token;
}

/** The statuses of some answers, each with how often it came. */
export function tally(answers: readonly { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
