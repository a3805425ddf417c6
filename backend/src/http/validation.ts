import type { ZodError } from "zod";
import { AppError, type FieldError } from "../errors.ts";

/** One entry a field, by its path; an unknown field is named itself. */
export function fieldErrors(error: ZodError): FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.join(".");
    if (issue.code !== "unrecognized_keys") return [{ field: path, message: issue.message }];
    return issue.keys.map((key) => ({ field: path ? `${path}.${key}` : key, message: "Unknown field" }));
  });
}

type Validation = { success: true } | { success: false; error: ZodError; target: string };

/** What every route does with input that does not validate. A malformed id in the path is a row that is not there. */
export function onInvalid(result: Validation): void {
  if (result.success) return;
  if (result.target === "param") throw new AppError("not_found", "Not found");
  throw new AppError("validation_failed", "The request data is invalid", {
    fields: fieldErrors(result.error),
  });
}
