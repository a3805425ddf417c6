import type { StoragePort, UploadedPart } from "../../adapters/storage/port.ts";
import { AppError } from "../../errors.ts";
import type { Intent } from "./files.claims.ts";
import { stagingKey } from "./files.rows.ts";

/** The largest file has 320 of them; S3 takes 10 000. */
export const partSize = 16 * 1024 * 1024;

/** An upload in parts, as far as its parts go. */
export type Parted = Pick<Intent, "storageKey" | "size"> & {
  readonly uploadId: string;
  readonly partSize: number;
};

/** The intent, if it is one of an upload in parts. */
export function partedOf(intent: Intent): Parted | null {
  const { uploadId, partSize: each } = intent;
  return uploadId === null || each === null ? null : { ...intent, uploadId, partSize: each };
}

export const partCountOf = ({ size, partSize: each }: Pick<Parted, "size" | "partSize">): number =>
  Math.ceil(size / each);

/** Bytes of a part: all are alike but the last. */
export const sizeOfPart = (upload: Pick<Parted, "size" | "partSize">, partNumber: number): number =>
  Math.min(upload.partSize, upload.size - (partNumber - 1) * upload.partSize);

/** All parts that make the object. */
export const everyPart = (upload: Parted): { readonly partNumber: number; readonly size: number }[] =>
  Array.from({ length: partCountOf(upload) }, (_, index) => ({
    partNumber: index + 1,
    size: sizeOfPart(upload, index + 1),
  }));

/**
 * The parts that are there, or null once they are one object.
 *
 * @throws AppError `not_found` when the store has let go of them, as buckets do that clean up after themselves
 */
export async function uploadedParts(
  storage: StoragePort,
  { storageKey, uploadId }: Parted,
): Promise<UploadedPart[] | null> {
  const key = stagingKey(storageKey);
  try {
    return await storage.listParts(key, uploadId);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "not_found") throw error;
    if (await storage.head(key)) return null;
    throw new AppError("not_found", "The store no longer has this upload: start another one", {
      cause: error,
    });
  }
}

/**
 * Makes the parts the one object that a plain upload would have been; nothing to do if a killed run did that before.
 *
 * @throws AppError `conflict` when parts are missing
 */
export async function joinParts(storage: StoragePort, upload: Parted): Promise<void> {
  const uploaded = await uploadedParts(storage, upload);
  if (uploaded === null) return;
  const sizes = new Map(uploaded.map(({ partNumber, size }) => [partNumber, size]));
  const missing = everyPart(upload)
    .filter(({ partNumber, size }) => sizes.get(partNumber) !== size)
    .map(({ partNumber }) => partNumber);
  if (missing.length > 0) {
    const some = missing.slice(0, 10).join(", ");
    throw new AppError("conflict", `Upload these parts first: ${some}${missing.length > 10 ? ", …" : ""}`);
  }
  const key = stagingKey(upload.storageKey);
  try {
    await storage.completeMultipart(key, upload.uploadId, uploaded);
  } catch (error) {
    // Another complete may have joined them in the meantime: what is there then is the same.
    if (!(await storage.head(key))) throw error;
  }
}
