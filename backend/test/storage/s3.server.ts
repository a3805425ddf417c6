import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  ListMultipartUploadsCommand,
  PutBucketCorsCommand,
  PutBucketPolicyCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { S3Config } from "../../src/adapters/storage/s3.clients.ts";
import { createS3Storage } from "../../src/adapters/storage/s3.ts";

/** The web client's origin in what is shipped. */
const shippedOrigin = "https://app.example.com";

/** A file of docker/s3, for this bucket, for this web client and for the users of `.ci/s3.sh`. */
export function shipped(name: string, bucket: string, origin = shippedOrigin) {
  const text = readFileSync(new URL(`../../../docker/s3/${name}`, import.meta.url), "utf8");
  return JSON.parse(
    text
      .replaceAll("user/coaching-app-upload", "user/uploader")
      .replaceAll("user/coaching-app", "user/ci")
      .replaceAll("s3:::coaching-app", `s3:::${bucket}`)
      .replaceAll(shippedOrigin, origin),
  );
}

/** A new bucket on the server of `.ci/s3.sh`, with the policy that is shipped for Ceph, and the CORS rules. */
export async function createTestBucket(
  endpoint: string,
  origin?: string,
): Promise<{ config: S3Config; remove(): Promise<void> }> {
  const config: S3Config = {
    driver: "s3",
    endpoint,
    publicEndpoint: endpoint,
    region: process.env.S3_REGION ?? "us-east-1",
    bucket: `test-${randomUUID()}`,
    forcePathStyle: process.env.S3_FORCE_PATH_STYLE !== "false",
    accessKeyId: process.env.S3_ACCESS_KEY_ID ?? "",
    secretAccessKey: process.env.S3_SECRET_ACCESS_KEY ?? "",
    upload: {
      accessKeyId: process.env.S3_UPLOAD_ACCESS_KEY_ID ?? "",
      secretAccessKey: process.env.S3_UPLOAD_SECRET_ACCESS_KEY ?? "",
    },
    serverSideEncryption: undefined,
    kmsKeyId: undefined,
  };
  const admin = new S3Client({ ...config, credentials: config });
  const Bucket = config.bucket;
  await admin.send(new CreateBucketCommand({ Bucket }));
  const Policy = JSON.stringify(shipped("bucket-policy-ceph.json", Bucket));
  await admin.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  await admin.send(
    new PutBucketCorsCommand({ Bucket, CORSConfiguration: shipped("cors.json", Bucket, origin) }),
  );
  // The header x-amz-acl needs no signature there: anybody with an upload URL could publish what they put.
  await admin.send(
    new PutPublicAccessBlockCommand({
      Bucket,
      PublicAccessBlockConfiguration: shipped("public-access-block.json", Bucket),
    }),
  );

  return {
    config,
    async remove() {
      const storage = createS3Storage(config);
      for await (const { key } of storage.list("")) await storage.delete(key);
      const { Uploads = [] } = await admin.send(new ListMultipartUploadsCommand({ Bucket }));
      for (const { Key = "", UploadId = "" } of Uploads) await storage.abortMultipart(Key, UploadId);
      await admin.send(new DeleteBucketCommand({ Bucket }));
      admin.destroy();
      await storage.close();
    },
  };
}

/** Variables that point the application at a bucket. */
export const environmentOf = (config: S3Config): Record<string, string> => ({
  STORAGE_DRIVER: "s3",
  S3_ENDPOINT: config.endpoint,
  S3_REGION: config.region,
  S3_BUCKET: config.bucket,
  S3_FORCE_PATH_STYLE: String(config.forcePathStyle),
  S3_ACCESS_KEY_ID: config.accessKeyId,
  S3_SECRET_ACCESS_KEY: config.secretAccessKey,
  S3_UPLOAD_ACCESS_KEY_ID: config.upload.accessKeyId,
  S3_UPLOAD_SECRET_ACCESS_KEY: config.upload.secretAccessKey,
});
