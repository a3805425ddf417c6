import { S3ServiceException } from "@aws-sdk/client-s3";
import { AppError } from "../../errors.ts";
import { wrongParts } from "./parts.ts";

/** To the first byte of the answer, retries included. */
const DEADLINE_MS = 4_000;

const MISSING = new Set(["NoSuchKey", "NotFound"]);
const BAD_PARTS = new Set(["InvalidPart", "InvalidPartOrder", "EntityTooSmall", "MalformedXML"]);

/** Runs a call to the store: rejects with an AppError, and with `unavailable` after four seconds. */
export async function promptly<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    // Not left to the SDK: before it rejects, it waits for the request body to be written.
    late.reject(new Error(`The store did not answer within ${DEADLINE_MS} ms.`));
    controller.abort();
  }, DEADLINE_MS);
  try {
    return await Promise.race([call(controller.signal), late.promise]);
  } catch (error) {
    throw toAppError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** Like `promptly` without the deadline: for work that takes the store long, after a prompt call has shown it is there. */
export async function patiently<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toAppError(error);
  }
}

/** The value, or null where `call` rejects with `not_found`. */
export async function nullIfNotFound<T>(call: Promise<T>): Promise<T | null> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return null;
    throw error;
  }
}

function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const name = error instanceof S3ServiceException ? error.name : "";
  if (MISSING.has(name)) return new AppError("not_found", "There is no such file.", { cause: error });
  if (name === "NoSuchUpload") return new AppError("not_found", "There is no such upload.", { cause: error });
  if (name === "InvalidRange") {
    return new AppError("range_not_satisfiable", "The range starts behind the end of the file.", {
      cause: error,
    });
  }
  if (BAD_PARTS.has(name)) return wrongParts(error);
  // Down, slow, or answering what we cannot work with (wrong credentials, no such bucket): all the same to a caller.
  return new AppError("unavailable", "The file store is not available.", { retryAfter: 5, cause: error });
}
