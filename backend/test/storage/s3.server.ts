import { randomUUID } from "node:crypto";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  ListMultipartUploadsCommand,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { S3Config } from "../../src/adapters/storage/s3.clients.ts";
import { createS3Storage } from "../../src/adapters/storage/s3.ts";

const DENIED = [
  "s3:Get*",
  "s3:List*",
  "s3:Delete*",
  "s3:Abort*",
  "s3:Restore*",
  "s3:PutObjectAcl",
  "s3:PutObjectTagging",
];

/** A new bucket on the server of `.ci/s3.sh`, with the policy that lets the upload identity put below `staging/`. */
export async function createTestBucket(
  endpoint: string,
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
  };
  const admin = new S3Client({ ...config, credentials: config });
  const Bucket = config.bucket;
  await admin.send(new CreateBucketCommand({ Bucket }));
  const statement = (user: string, rule: object, ...paths: string[]) => ({
    ...rule,
    Principal: { AWS: [`arn:aws:iam:::user/${user}`] },
    Resource: paths.map((path) => `arn:aws:s3:::${Bucket}${path}`),
  });
  const Policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      statement("uploader", { Effect: "Allow", Action: ["s3:PutObject"] }, "/staging/*"),
      // On Ceph an object belongs to who put it: without these two, the uploader could read and delete what it has
      // put, and the owner of the bucket could not. Ceph does not heed `NotAction`.
      statement("uploader", { Effect: "Deny", Action: DENIED }, "", "/*"),
      statement("ci", { Effect: "Allow", Action: ["s3:*"] }, "", "/*"),
    ],
  });
  await admin.send(new PutBucketPolicyCommand({ Bucket, Policy }));

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
