import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { createDiskStorage, type DiskStorage } from "./disk.ts";
import type { StoragePort } from "./port.ts";
import { createS3Storage } from "./s3.ts";

/** With `handle` where the backend serves the signed URLs itself (the disk driver). */
export type Storage = StoragePort & Partial<Pick<DiskStorage, "handle">>;

/** The file store the configuration names. */
export function createStorage(config: Pick<Config, "storage" | "dataDir" | "publicUrl">): Storage {
  const { storage, dataDir, publicUrl } = config;
  if (storage.driver === "s3") return createS3Storage(storage);
  return createDiskStorage({ root: join(dataDir, "files"), publicUrl, signingKey: storage.signingKey });
}
