import { AppError } from "../errors.ts";

/**
 * @param version what the client insists on having seen; any, where undefined.
 * @throws AppError `precondition_failed`
 */
export function assertVersion(row: { readonly version: number }, version: number | undefined): void {
  if (version !== undefined && version !== row.version)
    throw new AppError("precondition_failed", "It was changed meanwhile: read it again");
}
