import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { StoragePort } from "../../src/adapters/storage/port.ts";
import { createS3Storage } from "../../src/adapters/storage/s3.ts";
import { newKey, putBytes, readBytes, TYPE } from "./content.ts";
import { send } from "./request.ts";
import { createTestBucket } from "./s3.server.ts";

/** What someone can do who got hold of the credentials that sign uploads, or of a URL signed by them. */
export function describeUploadIdentity(endpoint: string): void {
  describe("the identity that signs uploads", () => {
    const secret = "objects/other-organization/secret";
    let bucket: Awaited<ReturnType<typeof createTestBucket>>;
    let storage: StoragePort;
    let thief: S3Client;

    beforeAll(async () => {
      bucket = await createTestBucket(endpoint);
      storage = createS3Storage(bucket.config);
      thief = new S3Client({ ...bucket.config, credentials: bucket.config.upload });
      await putBytes(storage, secret, "secret");
    });
    afterAll(async () => {
      thief.destroy();
      await storage.close();
      await bucket.remove();
    });

    it("puts below staging/", async () => {
      const target = { Bucket: bucket.config.bucket, Key: newKey() };
      await thief.send(new PutObjectCommand({ ...target, Body: "mine" }));
      expect(String(await readBytes(storage, target.Key))).toBe("mine");
    });

    it("can do nothing else, not even with what it has put", async () => {
      const Bucket = bucket.config.bucket;
      const own = { Bucket, Key: newKey() };
      await thief.send(new PutObjectCommand({ ...own, Body: "mine" }));
      const uploadId = await storage.startMultipart(own.Key, TYPE);
      const other = { Bucket, Key: secret };
      const attempts = {
        "read own": () => thief.send(new GetObjectCommand(own)),
        "read other": () => thief.send(new GetObjectCommand(other)),
        "head own": () => thief.send(new HeadObjectCommand(own)),
        "head other": () => thief.send(new HeadObjectCommand(other)),
        list: () => thief.send(new ListObjectsV2Command({ Bucket, Prefix: "staging/" })),
        "list uploads": () => thief.send(new ListMultipartUploadsCommand({ Bucket })),
        "list parts": () => thief.send(new ListPartsCommand({ ...own, UploadId: uploadId })),
        "abort parts": () => thief.send(new AbortMultipartUploadCommand({ ...own, UploadId: uploadId })),
        "delete own": () => thief.send(new DeleteObjectCommand(own)),
        "delete other": () => thief.send(new DeleteObjectCommand(other)),
        publish: () => thief.send(new PutObjectAclCommand({ ...own, ACL: "public-read" })),
        "replace other": () => thief.send(new PutObjectCommand({ ...other, Body: "replaced" })),
        "put beside": () => thief.send(new PutObjectCommand({ Bucket, Key: "staging-not/x", Body: "x" })),
        "copy other": () => thief.send(new CopyObjectCommand({ ...own, CopySource: `${Bucket}/${secret}` })),
        "set the policy": () => thief.send(new PutBucketPolicyCommand({ Bucket, Policy: "{}" })),
      };
      for (const [name, attempt] of Object.entries(attempts)) {
        await expect(attempt(), name).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
      }
      expect(String(await readBytes(storage, own.Key))).toBe("mine");
      expect(String(await readBytes(storage, secret))).toBe("secret");
      expect(await storage.listParts(own.Key, uploadId)).toEqual([]);
    });

    it("does not let an upload URL copy another object into reach (CVE-2026-97731)", async () => {
      const source = { "x-amz-copy-source": `${bucket.config.bucket}/${secret}` };
      for (const size of [0, 6]) {
        const key = newKey();
        const { url, headers } = await storage.presignPut({ key, contentType: TYPE, size, expiresIn: 60 });
        const body = Buffer.alloc(size);
        const answer = await send(url, { method: "PUT", headers: { ...headers, ...source }, body });
        expect(answer.status).toBeGreaterThanOrEqual(400);
        expect(await storage.head(key)).toBeNull();
      }
      const key = newKey();
      const uploadId = await storage.startMultipart(key, TYPE);
      const part = await storage.presignPart({ key, uploadId, partNumber: 1, size: 6, expiresIn: 60 });
      const answer = await send(part.url, { method: "PUT", headers: source, body: Buffer.alloc(6) });
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(await storage.listParts(key, uploadId)).toEqual([]);
    });

    it("cannot make a bucket of its own name the one that is served", async () => {
      const taken = thief.send(new CreateBucketCommand({ Bucket: bucket.config.bucket }));
      await expect(taken).rejects.toMatchObject({ name: "BucketAlreadyExists" });
    });
  });
}
