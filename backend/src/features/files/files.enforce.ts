import { AppError } from "../../errors.ts";
import type { Verdict } from "./files.policy.ts";

/**
 * Turns a verdict into the refusal that says as much as the caller may know.
 *
 * @param organizationId owner of the row; its log gets the refusal of anybody who is known there.
 */
export function enforce(result: Verdict, organizationId: string | null): void {
  if (result === "unknown") throw new AppError("not_found", "Not found");
  const known = { organizationId: organizationId ?? undefined };
  if (result === "forbidden") throw new AppError("forbidden", "Your role does not allow this", known);
  if (result === "suspended")
    throw new AppError("suspended", "This organization or your membership is suspended", known);
}
