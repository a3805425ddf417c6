import { choice, onOff, word } from "../values/basic.ts";
import { baseUrl } from "../values/network.ts";
import { generatedSecrets, password } from "../values/secret.ts";
import type { Variable } from "../variable.ts";

export const storage = {
  STORAGE_DRIVER: {
    type: choice("disk", "s3"),
    derived: "s3 where S3_ENDPOINT is set, else disk",
    required: "production",
    about: "Where files live: disk (below DATA_DIR) or s3",
  },
  STORAGE_SIGNING_KEY: {
    type: generatedSecrets,
    derived: "a well-known one outside production",
    secret: true,
    about:
      "Signs file URLs of the disk driver, at least 32 characters; required with disk in production; <new>,<old> while it changes",
  },
  S3_ENDPOINT: { type: baseUrl, about: "S3 store as this server reaches it" },
  S3_PUBLIC_ENDPOINT: { type: baseUrl, derived: "S3_ENDPOINT", about: "S3 store as clients reach it" },
  S3_REGION: { type: word, default: "us-east-1", about: "Region of the bucket" },
  S3_BUCKET: { type: word, default: "coaching-app", about: "Name of the bucket" },
  S3_FORCE_PATH_STYLE: {
    type: onOff,
    default: "true",
    about: "Bucket in the path instead of the host name: true or false",
  },
  S3_ACCESS_KEY_ID: { type: password, secret: true, about: "Key of the bucket" },
  S3_SECRET_ACCESS_KEY: { type: password, secret: true, about: "Its secret" },
  S3_UPLOAD_ACCESS_KEY_ID: {
    type: password,
    derived: "S3_ACCESS_KEY_ID outside production",
    secret: true,
    about: "Key that signs uploads and may only put below staging/; required with s3 in production",
  },
  S3_UPLOAD_SECRET_ACCESS_KEY: {
    type: password,
    derived: "S3_SECRET_ACCESS_KEY outside production",
    secret: true,
    about: "Its secret",
  },
  S3_SSE: {
    type: choice("AES256", "aws:kms"),
    about: "Server-side encryption asked for with each object: AES256 or aws:kms",
  },
  S3_SSE_KMS_KEY_ID: {
    type: word,
    derived: "the bucket's own",
    about: "Key for S3_SSE=aws:kms; clients see it in the headers of their uploads",
  },
  IMAGE_ORIGINALS: {
    type: choice("keep", "drop"),
    default: "keep",
    about: "Uploaded avatars and logos beside their three sizes: keep (without metadata) or drop",
  },
} satisfies Record<string, Variable<unknown>>;
