import { AppError } from "../errors.ts";

const unreachable = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENOTFOUND",
  "EPIPE",
  "ETIMEDOUT",
]);

/** The driver has no code for these. */
const unreachableMessage =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered)/;

/** A constraint that a caller can run into, and what to tell them. */
const constraints: Readonly<Record<string, { detail: string; field?: string }>> = {
  organization_slug_unique: { detail: "This slug is taken", field: "slug" },
  user_email_unique: { detail: "This e-mail address is taken", field: "email" },
  member_organization_user_unique: { detail: "This person is a member already" },
};

interface DriverError {
  readonly code: string;
  readonly constraint?: string;
}

/** The driver's error below Drizzle's wrapper, if it is one. */
function driverError(error: unknown): DriverError | null {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ("code" in e && typeof e.code === "string") return e as never;
    if (unreachableMessage.test(e.message)) return { code: "ECONNRESET" };
  }
  return null;
}

/**
 * What a database error means to a caller, by SQLSTATE (PostgreSQL manual, appendix A) or by the driver's code.
 *
 * @returns null for an error that no caller should ever see explained.
 */
export function toAppError(error: unknown): AppError | null {
  const driver = driverError(error);
  if (!driver) return null;
  const { code } = driver;
  if (isUnreachableCode(code))
    return new AppError("unavailable", "The service is not available at the moment", {
      retryAfter: 5,
      cause: error,
    });
  // 40001 serialization failure, 40P01 deadlock
  if (code === "40001" || code === "40P01")
    return new AppError("conflict", "Somebody else changed this at the same time: try again", {
      retryAfter: 1,
      cause: error,
    });
  if (code === "23505" || code === "23503") {
    const known = constraints[driver.constraint ?? ""] ?? {
      detail: "This conflicts with what is there already",
    };
    const fields = known.field ? [{ field: known.field, message: known.detail }] : [];
    return new AppError("conflict", known.detail, { fields, cause: error });
  }
  if (code === "23P01") return new AppError("slot_taken", "This time is taken", { cause: error });
  return null;
}

// 08 connection, 53 resources, 57P0x shutdown, 57014 statement timeout, 25006 read-only standby
const isUnreachableCode = (code: string): boolean =>
  unreachable.has(code) || /^(08|28|53|57P0|57014|25006)/.test(code);

/** Whether the connection that this error came by is not to be used again. */
export function isUnreachable(error: unknown): boolean {
  const driver = driverError(error);
  return driver !== null && isUnreachableCode(driver.code);
}
