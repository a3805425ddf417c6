import { AppError } from "../../errors.ts";
import type { PartRef, UploadedPart } from "./port.ts";

/**
 * The uploaded parts that `parts` names, or `validation_failed` when they are none, not there, not the same or not in
 * order. Not left to the store: Ceph takes them in any order.
 */
export function chooseParts(parts: readonly PartRef[], uploaded: readonly UploadedPart[]): UploadedPart[] {
  const byNumber = new Map(uploaded.map((part) => [part.partNumber, part]));
  let previous = 0;
  const chosen = parts.map(({ partNumber, etag }) => {
    const part = byNumber.get(partNumber);
    if (part === undefined || bare(part.etag) !== bare(etag) || partNumber <= previous) throw wrongParts();
    previous = partNumber;
    return part;
  });
  if (chosen.length === 0) throw wrongParts();
  return chosen;
}

export function wrongParts(cause?: unknown): AppError {
  return new AppError("validation_failed", "The parts are not those that were uploaded, in order.", {
    cause,
  });
}

/** Clients often drop the quotes of an ETag. */
function bare(etag: string): string {
  return etag.replaceAll('"', "");
}
