import { createHash, randomBytes } from "node:crypto";

/** What a link carries: only its hash is kept, so that the table alone opens nothing. */
export function createInvitationToken(): { token: string; tokenHash: string } {
  const token = randomBytes(32).toString("base64url");
  return { token, tokenHash: hashOf(token) };
}

export const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex");
