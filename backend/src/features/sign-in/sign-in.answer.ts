import type { BetterAuthAnswer } from "./sign-in.better-auth.ts";
import type { AuthCall } from "./sign-in.schema.ts";

const fields = [
  "status",
  "success",
  "message",
  "method",
  "backupCodes",
  "twoFactorRedirect",
  "twoFactorMethods",
];
const userFields = ["id", "email", "name", "emailVerified", "twoFactorEnabled", "createdAt"];

/** What a client sees of an answer of Better-auth: the fields of the API guide, with the signed token in place of its own. */
export function answerBody(
  call: AuthCall,
  { body, challenge, trustedDevice }: BetterAuthAnswer,
  token: string | null,
): Record<string, unknown> {
  return {
    ...pick(body, fields),
    ...("user" in body && {
      user: body.user === null ? null : { ...pick(body.user, userFields), ...since(call) },
    }),
    // In a query a plus is a space only to some authenticator apps.
    ...(typeof body.totpURI === "string" && { totpURI: body.totpURI.replaceAll("+", "%20") }),
    ...(("token" in body || token !== null) && { token }),
    ...(call.endpoint.path === "/sign-up/email" && token === null && { nextStep: nextStep(call) }),
    ...(challenge !== null && { challengeToken: challenge }),
    ...(trustedDevice !== null && { trustDeviceToken: trustedDevice }),
  };
}

/** Decided by the request alone: whether there was an account already shows neither here nor in `emailVerified`. */
const nextStep = ({ input }: AuthCall) => (input.invitationToken === undefined ? "verify_email" : "sign_in");

/** What Better-auth says of the person is from before the call. */
function since({ endpoint, actor, input }: AuthCall): Record<string, boolean> {
  if (endpoint.path === "/two-factor/verify-totp" && actor) return { twoFactorEnabled: true };
  if (endpoint.path === "/sign-up/email") return { emailVerified: input.invitationToken !== undefined };
  return {};
}

function pick(from: unknown, names: readonly string[]): Record<string, unknown> {
  const all = new Map(Object.entries(from ?? {}));
  return Object.fromEntries(names.flatMap((name) => (all.has(name) ? [[name, all.get(name)]] : [])));
}
