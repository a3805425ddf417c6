import { AppError } from "../../errors.ts";
import type { Verdict } from "./files.policy.ts";

/** Turns a verdict into the refusal that says as much as the caller may know. */
export function enforce(result: Verdict): void {
  if (result === "unknown") throw new AppError("not_found", "Not found");
  if (result === "forbidden") throw new AppError("forbidden", "Your role does not allow this");
  if (result === "suspended")
    throw new AppError("suspended", "This organization or your membership is suspended");
}
