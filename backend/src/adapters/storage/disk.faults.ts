import { AppError } from "../../errors.ts";

/** A missing file of the caller's is not among them by the time it gets here: then a folder of ours is missing. */
const FAULTS = new Set(
  "ENOSPC EDQUOT EIO EROFS EACCES EPERM EMFILE ENFILE EBUSY ESTALE ENOENT ENOTDIR".split(" "),
);

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

/** Turns a disk that is full, read-only, gone or broken into `unavailable`; everything else passes as it is. */
export async function mapFaults<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!FAULTS.has(codeOf(error) ?? "")) throw error;
    throw new AppError("unavailable", "The file store is not available.", { retryAfter: 5, cause: error });
  }
}

/** The value, or null when the file is not there. */
export async function nullIfMissing<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}
