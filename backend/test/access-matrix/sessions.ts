import { createHmac, randomBytes } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import type { TestApp } from "../harness/app.ts";

/** A session in the database and its token as a client would carry it. */
export interface MadeSession {
  readonly id: string;
  readonly raw: string;
  readonly token: string;
}

/** HMAC-SHA256 over the raw token, the way every token of this API is signed. */
export const signed = (raw: string, secret: string): string =>
  `${raw}.${createHmac("sha256", secret).update(raw).digest("base64url")}`;

/** A session that a sign-in would have made, without the cost of a password hash. */
export async function makeSession(
  app: TestApp,
  userId: string,
  { expiresAt = new Date(Date.now() + 86_400_000) }: { expiresAt?: Date } = {},
): Promise<MadeSession> {
  const [id, raw] = [uuidv7(), randomBytes(24).toString("base64url")];
  const [secret] = app.config.auth.secrets;
  if (!secret) throw new Error("no secret");
  await app.deps.database.sql`
    insert into session (id, token, user_id, expires_at) values (${id}, ${raw}, ${userId}, ${expiresAt})`;
  return { id, raw, token: signed(raw, secret.value) };
}

/** The same token with its last character replaced. */
export const edited = (token: string): string => token.slice(0, -1) + (token.endsWith("A") ? "B" : "A");
