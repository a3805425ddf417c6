import type { Settings } from "./variables.ts";

/** Where files live; an endpoint without a named driver means S3. */
export const storageDriver = (s: Pick<Settings, "STORAGE_DRIVER" | "S3_ENDPOINT">): "disk" | "s3" =>
  s.STORAGE_DRIVER ?? (s.S3_ENDPOINT === undefined ? "disk" : "s3");
