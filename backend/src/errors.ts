/**
 * What can go wrong, in the product's own words. Knows nothing of HTTP: `http/problem.ts` maps each code to a
 * status, and the wire promises the codes to clients.
 */
export type ErrorCode =
  | "malformed_json"
  | "validation_failed"
  | "invalid_cursor"
  | "unauthenticated"
  | "client_key_required"
  | "client_outdated"
  | "forbidden"
  | "step_up_required"
  | "suspended"
  | "email_mismatch"
  | "quota_exceeded"
  | "consent_required"
  | "quarantined"
  | "not_found"
  | "method_not_allowed"
  | "conflict"
  | "slot_taken"
  | "last_admin"
  | "scan_pending"
  | "invalid_state"
  | "precondition_failed"
  | "payload_too_large"
  | "uri_too_long"
  | "unsupported_media_type"
  | "range_not_satisfiable"
  | "unprocessable"
  | "idempotency_mismatch"
  | "rate_limited"
  | "account_locked"
  | "unavailable"
  | "internal";

/** A field of the input that is to blame, by its path ("members.0.email"). */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** An expected failure. `detail` is shown to the caller: write it for them, and never put a secret in it. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];
  /** Seconds after which a retry makes sense; becomes `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** The organization in whose log a refusal belongs, where the caller is known there. */
  readonly organizationId: string | undefined;
  /** What was used up, for `rate_limited`: so many in a window of so many seconds. */
  readonly budget: { readonly max: number; readonly window: number } | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    more: {
      fields?: readonly FieldError[];
      retryAfter?: number;
      organizationId?: string | undefined;
      budget?: { readonly max: number; readonly window: number };
      cause?: unknown;
    } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.fields = more.fields ?? [];
    this.retryAfter = more.retryAfter;
    this.organizationId = more.organizationId;
    this.budget = more.budget;
  }
}
