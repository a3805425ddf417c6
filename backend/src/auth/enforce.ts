import { AppError } from "../errors.ts";
import type { Decision } from "./access.ts";

/**
 * Turns a decision into the refusal that says as much as the caller may know.
 *
 * @param organizationId owner of the row, where the route does not name it; its log gets the refusal of anybody who is
 *   known there.
 */
export function enforce(decision: Decision, organizationId?: string | null): void {
  if (decision === "unknown") throw new AppError("not_found", "Not found");
  const known = { organizationId: organizationId ?? undefined };
  if (decision === "suspended")
    throw new AppError("suspended", "This organization or your membership is suspended", known);
  if (decision === "second_factor_needed")
    throw new AppError("forbidden", "Your role needs two-factor sign-in: turn it on first", {
      ...known,
      fields: [{ field: "twoFactor", message: "Enrol at POST /api/auth/two-factor/enable" }],
    });
  if (decision === "oneself") throw new AppError("forbidden", "Not on your own account", known);
  if (decision === "forbidden") throw new AppError("forbidden", "Your role does not allow this", known);
}
