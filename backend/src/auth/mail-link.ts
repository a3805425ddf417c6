/** What the token of a mail link says, whoever wrote it; null for what is none. */
export function claimsOf(token: unknown): { email?: string; updateTo?: string; requestType?: string } | null {
  const payload = String(token).split(".")[1] ?? "";
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString());
  } catch {
    return null;
  }
}
