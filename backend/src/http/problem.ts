import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { toAppError } from "../db/database-error.ts";
import { AppError, type ErrorCode, type FieldError } from "../errors.ts";
import type { AppEnv } from "./app-env.ts";
import { isSecretParam, withoutSecrets } from "./secret-path.ts";

interface ProblemKind {
  readonly status: ContentfulStatusCode;
  readonly title: string;
  /** Where the wire's code differs from ours. */
  readonly code?: ErrorCode;
}

export const problemKinds: Readonly<Record<ErrorCode, ProblemKind>> = {
  malformed_json: { status: 400, title: "Malformed JSON" },
  validation_failed: { status: 400, title: "Validation Error" },
  invalid_cursor: { status: 400, title: "Invalid Cursor" },
  unauthenticated: { status: 401, title: "Unauthenticated" },
  client_key_required: { status: 401, title: "Client Key Required" },
  client_outdated: { status: 426, title: "Client Outdated" },
  forbidden: { status: 403, title: "Forbidden" },
  step_up_required: { status: 403, title: "Step-up Required" },
  suspended: { status: 403, title: "Suspended" },
  email_mismatch: { status: 403, title: "E-mail Mismatch" },
  quota_exceeded: { status: 403, title: "Quota Exceeded" },
  consent_required: { status: 403, title: "Consent Required" },
  quarantined: { status: 403, title: "Quarantined" },
  not_found: { status: 404, title: "Not Found" },
  method_not_allowed: { status: 405, title: "Method Not Allowed" },
  conflict: { status: 409, title: "Conflict" },
  slot_taken: { status: 409, title: "Slot Taken" },
  last_admin: { status: 409, title: "Last Admin" },
  scan_pending: { status: 409, title: "Scan Pending" },
  invalid_state: { status: 409, title: "Invalid State" },
  precondition_failed: { status: 412, title: "Precondition Failed" },
  payload_too_large: { status: 413, title: "Payload Too Large" },
  uri_too_long: { status: 414, title: "URI Too Long" },
  unsupported_media_type: { status: 415, title: "Unsupported Media Type" },
  range_not_satisfiable: { status: 416, title: "Range Not Satisfiable" },
  unprocessable: { status: 422, title: "Unprocessable Content", code: "validation_failed" },
  idempotency_mismatch: { status: 422, title: "Idempotency Mismatch" },
  rate_limited: { status: 429, title: "Rate Limit Exceeded" },
  account_locked: { status: 429, title: "Account Locked" },
  unavailable: { status: 503, title: "Unavailable" },
  internal: { status: 500, title: "Internal Server Error" },
};

export const problemType = "application/problem+json; charset=utf-8";

export interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  code: string;
  requestId: string;
  error: string;
  message: string;
  details: readonly FieldError[];
}

/** What a particular problem says beyond its code. */
export interface ProblemExtra {
  readonly code?: string;
  readonly status?: ContentfulStatusCode;
  readonly title?: string;
  readonly fields?: readonly FieldError[];
  readonly members?: Readonly<Record<string, unknown>>;
}

/** An RFC 9457 problem; `error` and `message` repeat title and detail for older clients. */
export function problemBody(
  code: ErrorCode,
  detail: string,
  request: { readonly instance: string; readonly requestId: string },
  extra: ProblemExtra = {},
): ProblemBody {
  const kind = problemKinds[code];
  const wireCode = extra.code ?? kind.code ?? code;
  const title = extra.title ?? kind.title;
  return {
    type: `urn:coaching-app:problem:${wireCode}`,
    title,
    status: extra.status ?? kind.status,
    detail,
    instance: request.instance,
    code: wireCode,
    requestId: request.requestId,
    error: title,
    message: detail,
    details: extra.fields ?? [],
    ...extra.members,
  };
}

/** Answers with a problem. */
export function problem(
  c: Context<AppEnv>,
  code: ErrorCode,
  detail: string,
  extra: ProblemExtra = {},
): Response {
  const { requestId } = c.get("origin");
  const body = problemBody(code, detail, { instance: withoutSecrets(c.req.path), requestId }, extra);
  const status = extra.status ?? problemKinds[code].status;
  c.set("problem", code);
  if (status === 401) c.header("WWW-Authenticate", "Bearer");
  c.header("Content-Type", problemType);
  return c.body(JSON.stringify(body), status);
}

/** The one place where an error becomes an answer. What we did not expect is logged and shows nothing of itself. */
export async function answerError(error: unknown, c: Context<AppEnv>): Promise<Response> {
  const known = asAppError(error);
  if (!known) {
    c.get("log").error({ err: error, requestId: c.get("origin").requestId }, "unexpected error");
    return problem(c, "internal", "Something went wrong on our side");
  }
  if (known.code === "unavailable")
    c.get("log").warn(
      { err: known.cause ?? known, requestId: c.get("origin").requestId },
      "dependency unavailable",
    );
  if (known.retryAfter !== undefined) c.header("Retry-After", String(known.retryAfter));
  await auditDenial(c, known);
  const members = known.budget && known.retryAfter !== undefined && tooMany(known.retryAfter, known.budget);
  return problem(c, known.code, known.message, { fields: known.fields, ...(members && { members }) });
}

/**
 * What every 429 tells beyond its headers.
 *
 * @param seconds until it makes sense to try again.
 * @param tip what to do besides waiting.
 */
export const tooMany = (seconds: number, { max, window }: { max: number; window: number }, tip = "") => ({
  retryAfter: new Date(Date.now() + seconds * 1000).toISOString(),
  limit: max,
  window: inWords(window),
  tip: `Wait until retryAfter. ${tip}`.trimEnd(),
});

function inWords(seconds: number): string {
  const [amount, unit] = seconds % 60 === 0 ? [seconds / 60, "minute"] : [seconds, "second"];
  return `${amount} ${unit}${amount === 1 ? "" : "s"}`;
}

const denials: ReadonlySet<ErrorCode> = new Set([
  "forbidden",
  "suspended",
  "step_up_required",
  "email_mismatch",
  "quarantined",
  "not_found",
]);

/**
 * Every refusal of a signed-in caller leaves an audit event, a row that is not there included: so a stranger's row and
 * a random id cost the same time. Anonymous refusals are audit lines of the log, not rows anybody could fill a disk with.
 */
async function auditDenial(c: Context<AppEnv>, { code, organizationId }: AppError): Promise<void> {
  const [actor, attempt, origin, log] = [c.get("actor"), c.get("attempt"), c.get("origin"), c.get("log")];
  if (code === "unauthenticated")
    log.info(
      { type: "AUDIT", action: "request", result: "denied", path: withoutSecrets(c.req.path), ip: origin.ip },
      "AUDIT",
    );
  if (!actor || !attempt || !denials.has(code)) return;
  const [param] = Object.entries(c.req.param())
    .filter(([name]) => !isSecretParam(name))
    .slice(-1);
  try {
    await c.get("audit").denied({
      actorId: actor.userId,
      origin,
      action: attempt.action,
      organizationId: organizationId ?? attempt.organizationId ?? null,
      target: param ? { type: param[0].replace(/Id$/, ""), id: param[1] } : null,
      reason: code,
    });
  } catch (error) {
    log.error({ err: error, requestId: origin.requestId }, "denial could not be audited");
  }
}

function asAppError(error: unknown): AppError | null {
  if (error instanceof AppError) return error;
  if (error instanceof HTTPException && error.status < 500)
    return new AppError("malformed_json", "The request could not be read");
  return toAppError(error);
}
