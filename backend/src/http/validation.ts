import { config, type ZodError } from "zod";
import { AppError, type FieldError } from "../errors.ts";
import { plainWords } from "./plain-words.ts";

/** An answer must not be larger than the request that it refuses. */
const maxEntries = 20;
const maxName = 100;

/** Schemas are shared by all apps of a process, and so are the words for what does not fit them. */
export const speakPlainly = (): void => void config({ localeError: plainWords });

/** One entry a field, by its path; an unknown field is named itself. */
export function fieldErrors(error: ZodError): FieldError[] {
  const entries = error.issues.slice(0, maxEntries).flatMap((issue) => {
    const path = issue.path.join(".");
    if (issue.code !== "unrecognized_keys") return [{ field: path, message: issue.message }];
    const names = issue.keys.slice(0, maxEntries);
    return names.map((key) => ({ field: path ? `${path}.${key}` : key, message: "Unknown field" }));
  });
  return entries
    .slice(0, maxEntries)
    .map(({ field, message }) => ({ field: field.slice(0, maxName), message }));
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
