import { base32 } from "@better-auth/utils/base32";
import { createOTP } from "@better-auth/utils/otp";
import type { TestApp } from "../harness/app.ts";
import { call, password } from "../harness/client.ts";
import { type Account, newAccount, signIn } from "./account.ts";

const PERIOD = 30;

export interface Authenticator {
  /** The code of now, or of a later (1) or earlier (-1) time-step. */
  code(offset?: number): Promise<string>;
  /** Six digits that no time-step around now has. */
  wrongCode(): Promise<string>;
}

export function authenticator(totpUri: string): Authenticator {
  const secret = new URL(totpUri).searchParams.get("secret");
  if (!secret) throw new Error(`no secret in ${totpUri}`);
  const otp = createOTP(new TextDecoder().decode(base32.decode(secret)), { digits: 6, period: PERIOD });
  const code = (offset = 0) => otp.hotp(Math.floor(Date.now() / 1000 / PERIOD) + offset);
  return {
    code,
    async wrongCode() {
      const right = await Promise.all([-2, -1, 0, 1, 2].map(code));
      return (
        ["000000", "111111", "222222", "333333", "444444", "555555"].find((c) => !right.includes(c)) ?? ""
      );
    },
  };
}

export interface Enrolled extends Account {
  readonly device: Authenticator;
  readonly backupCodes: readonly string[];
}

/** Begins an enrolment; answers with the app that has its codes. */
export async function enrolling(app: { url: string }, token: string): Promise<Authenticator> {
  const { json } = await call(app, "POST", "/api/auth/two-factor/enable", { token, body: { password } });
  return authenticator(json.totpURI);
}

/** Turns two-factor sign-in on for an account; answers with the token that is valid afterwards. */
export async function enrol(app: TestApp, account: Account): Promise<Enrolled> {
  const enabled = await call(app, "POST", "/api/auth/two-factor/enable", {
    token: account.token,
    body: { password },
  });
  if (enabled.status !== 200) throw new Error(`enable: ${enabled.status} ${enabled.text}`);
  const device = authenticator(enabled.json.totpURI);
  const verified = await call(app, "POST", "/api/auth/two-factor/verify-totp", {
    token: account.token,
    body: { code: await device.code() },
  });
  if (verified.status !== 200) throw new Error(`enrolment: ${verified.status} ${verified.text}`);
  await freeCodes(app, account.userId);
  const token = verified.headers.get("set-auth-token") ?? "";
  return { ...account, token, device, backupCodes: enabled.json.backupCodes };
}

export const newEnrolled = async (app: TestApp): Promise<Enrolled> => enrol(app, await newAccount(app));

/** As if the next time-step had come: a code that was used once counts as new. */
export async function freeCodes(app: TestApp, userId: string): Promise<void> {
  await app.deps.database.sql`delete from used_code where user_id = ${userId}`;
}

/** Signs in with the password and answers with the challenge of the second factor. */
export async function challenge(app: { url: string }, email: string, secret = password): Promise<string> {
  const { status, text, json } = await signIn(app, email, secret);
  if (status !== 200 || !json.challengeToken) throw new Error(`challenge: ${status} ${text}`);
  return json.challengeToken;
}

type Factor = "totp" | "backup-code";

/** Answers a challenge with a code. */
export const answer = (
  app: { url: string },
  challengeToken: string,
  code: string,
  {
    factor = "totp",
    headers,
    ...body
  }: { factor?: Factor; trustDevice?: boolean; headers?: Record<string, string> } = {},
) =>
  call(app, "POST", `/api/auth/two-factor/verify-${factor}`, {
    headers: { "x-two-factor-challenge": challengeToken, ...headers },
    body: { code, ...body },
  });
