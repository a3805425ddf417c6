import { createHash } from "node:crypto";
import type { Context, Next } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { RequestKey, StoredAnswer } from "../adapters/idempotency/port.ts";
import { AppError } from "../errors.ts";
import type { SecuredEnv } from "./app-env.ts";
import { withoutSecrets } from "./secret-path.ts";

/** An answer that says when to try again is none to keep. */
const isFinal = ({ status, headers }: Response): boolean =>
  ![401, 403, 429].includes(status) && status < 500 && !headers.has("Retry-After");

/**
 * Runs a POST once per `Idempotency-Key`; without the header it just runs. Once again where the process dies, or the
 * database goes, after the work was committed and before its answer was kept.
 */
export async function idempotent(
  c: Context<SecuredEnv>,
  next: Next,
  { body, secretAnswer }: { body: string; secretAnswer: boolean },
): Promise<Response | undefined> {
  const key = c.req.header("idempotency-key");
  if (key === undefined) {
    await next();
    return undefined;
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new AppError("validation_failed", "Idempotency-Key must be 1 to 255 visible ASCII characters");
  const path = c.req.path.replace(/^\/api(\/v1)?/, "");
  const request: RequestKey = {
    userId: c.get("actor").userId,
    route: `${c.req.method} ${withoutSecrets(path)}`,
    key,
    // With the path: what is left out of the route still tells two requests apart.
    bodyHash: createHash("sha256").update(`${path}\n${body}`).digest("hex"),
  };
  const claim = await c.get("idempotency").claim(request);
  if (claim.kind === "mismatch")
    throw new AppError("idempotency_mismatch", "This Idempotency-Key was used with another body");
  if (claim.kind === "running")
    throw new AppError("conflict", "The first request with this Idempotency-Key still runs", {
      retryAfter: 1,
    });
  if (claim.kind === "answered") return replay(c, claim.answer);
  const { held } = claim;
  await held.during(next);
  const { status } = c.res;
  if (!isFinal(c.res)) await held.release();
  else await held.keep(secretAnswer && status < 300 ? null : await snapshot(c), status);
  return undefined;
}

function replay(c: Context, answer: StoredAnswer | null): Response {
  if (!answer) throw new AppError("conflict", "The answer carried a secret that is shown once");
  for (const [name, value] of Object.entries(answer.headers)) c.header(name, value);
  c.header("Idempotency-Replayed", "true");
  return c.body(answer.body, answer.status as ContentfulStatusCode);
}

async function snapshot({ res: response, env }: Context<SecuredEnv>): Promise<StoredAnswer> {
  const headers: Record<string, string> = {};
  for (const name of ["content-type", "location", "etag"]) {
    const value = response.headers.get(name) ?? env.outgoing.getHeader(name);
    if (typeof value === "string") headers[name] = value;
  }
  return { status: response.status, headers, body: await response.clone().text() };
}
