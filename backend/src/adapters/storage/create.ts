import { join } from "node:path";
import type { Config } from "../../config/config.ts";
import { type LiveConfig, renewed } from "../../live.ts";
import { deriveKeys } from "./disk.signing.ts";
import { createDiskStorage, type DiskStorage } from "./disk.ts";
import type { StoragePort } from "./port.ts";
import { createS3Storage } from "./s3.ts";

/** With `handle` where the backend serves the signed URLs itself (the disk driver). */
export type Storage = StoragePort & Partial<Pick<DiskStorage, "handle">>;

/** The file store the configuration names. Its keys may change while it is in use, once it is told where to look. */
export function createStorage(
  config: Pick<Config, "storage" | "dataDir" | "publicUrl">,
  live?: LiveConfig,
): Storage {
  const { storage, dataDir, publicUrl } = config;
  if (storage.driver === "s3") {
    const newest = live && renewed(live, keysOf, (keys) => keys);
    return createS3Storage(storage, newest && (() => newest() ?? storage));
  }
  const fixed = deriveKeys(storage.signingKeys);
  const keys = live ? renewed(live, signingKeysOf, deriveKeys) : () => fixed;
  return createDiskStorage({ root: join(dataDir, "files"), publicUrl, keys });
}

const keysOf = ({ storage }: Config) =>
  storage.driver === "s3"
    ? {
        accessKeyId: storage.accessKeyId,
        secretAccessKey: storage.secretAccessKey,
        upload: storage.upload,
      }
    : undefined;

const signingKeysOf = ({ storage }: Config) => (storage.driver === "disk" ? storage.signingKeys : []);
