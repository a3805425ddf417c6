import { randomUUID } from "node:crypto";
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketCorsCommand,
  GetBucketPolicyCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkPublicEndpoint } from "../../src/adapters/storage/public-check.ts";
import { createS3Storage } from "../../src/adapters/storage/s3.ts";
import { parseEnv } from "../../src/config/parse-env.ts";
import { checkSignedUrls } from "../../src/process/first-start.ts";
import { listAll, newKey, putBytes, readBytes, TYPE } from "./content.ts";
import { send } from "./request.ts";
import { createTestBucket, shipped } from "./s3.server.ts";

/** The files of docker/s3, and settings that a store must know what to do with. */
export function describeShippedPolicies(endpoint: string): void {
  describe("what is shipped for a store", () => {
    let bucket: Awaited<ReturnType<typeof createTestBucket>>;
    let admin: S3Client;
    beforeAll(async () => {
      bucket = await createTestBucket(endpoint);
      admin = new S3Client({ ...bucket.config, credentials: bucket.config });
    });
    afterAll(async () => {
      admin.destroy();
      await bucket.remove();
    });

    it("lets the upload identity do the same on Ceph as on any other store", () => {
      const [allowed] = shipped("policy-upload.json", "b").Statement;
      const { Principal, ...onCeph } = shipped("bucket-policy-ceph.json", "b").Statement[0];
      expect(onCeph).toEqual(allowed);
    });

    it("lets the server do what it does, in a bucket of somebody else's, and nothing more", async () => {
      const { config } = bucket;
      const Bucket = `test-${randomUUID()}`;
      const owner = new S3Client({ ...config, credentials: config.upload });
      await owner.send(new CreateBucketCommand({ Bucket }));
      const policy = shipped("policy-server.json", Bucket);
      for (const statement of policy.Statement) statement.Principal = { AWS: ["arn:aws:iam:::user/ci"] };
      await owner.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy) }));
      const storage = createS3Storage({ ...config, bucket: Bucket });
      await storage.check();
      const [staged, kept, parts] = [newKey(), `objects/${randomUUID()}`, newKey()];
      await putBytes(storage, staged, "bytes");
      await storage.copy(staged, kept);
      expect(String(await readBytes(storage, kept))).toBe("bytes");
      expect((await listAll(storage, "")).map(({ key }) => key).sort()).toEqual([kept, staged].sort());
      expect(await storage.head(newKey())).toBeNull();
      const ids = [
        await storage.startMultipart(parts, TYPE),
        await storage.startMultipart(parts, TYPE),
      ] as const;
      const open: string[] = [];
      for await (const { uploadId } of storage.listMultiparts("staging/")) open.push(uploadId);
      expect(open.sort()).toEqual([...ids].sort());
      for (const id of ids) {
        expect(await storage.listParts(parts, id)).toEqual([]);
        await storage.abortMultipart(parts, id);
      }
      await expect(putBytes(storage, "elsewhere/x", "x")).rejects.toMatchObject({ code: "unavailable" });
      for (const attempt of [
        () => admin.send(new DeleteBucketPolicyCommand({ Bucket })),
        () => admin.send(new GetBucketPolicyCommand({ Bucket })),
        () => admin.send(new GetBucketCorsCommand({ Bucket })),
        () => admin.send(new DeleteBucketCommand({ Bucket })),
      ])
        await expect(attempt()).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
      for (const key of [staged, kept]) await storage.delete(key);
      expect(await listAll(storage, "")).toEqual([]);
      await storage.close();
      await owner.send(new DeleteBucketCommand({ Bucket }));
      owner.destroy();
    });

    it("has a CORS rule that lets a web client upload from its origin, and from no other", async () => {
      const Bucket = bucket.config.bucket;
      const CORSConfiguration = shipped("cors.json", Bucket);
      await admin.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }));
      const storage = createS3Storage(bucket.config);
      const { url } = await storage.presignPut({ key: newKey(), contentType: TYPE, size: 1, expiresIn: 60 });
      await storage.close();
      const ask = (origin: string) =>
        send(url, {
          method: "OPTIONS",
          headers: {
            origin,
            "access-control-request-method": "PUT",
            "access-control-request-headers": "content-type",
          },
        });
      const answer = await ask("https://app.example.com");
      expect(answer).toMatchObject({
        status: 200,
        headers: { "access-control-allow-origin": "https://app.example.com" },
      });
      expect((await ask("https://evil.example")).headers["access-control-allow-origin"]).toBeUndefined();
    });

    it("has a lifecycle rule that a store takes", async () => {
      const Bucket = bucket.config.bucket;
      const LifecycleConfiguration = shipped("lifecycle.json", Bucket);
      await admin.send(new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }));
    });

    it("has uploads encrypted where S3_SSE says so: the client must send the header that was signed", async () => {
      const storage = createS3Storage({ ...bucket.config, serverSideEncryption: "AES256" });
      const key = newKey();
      const { url, headers } = await storage.presignPut({ key, contentType: TYPE, size: 1, expiresIn: 60 });
      expect(headers).toEqual({ "content-type": TYPE, "x-amz-server-side-encryption": "AES256" });
      const body = Buffer.from("x");
      const bare = await send(url, { method: "PUT", headers: { "content-type": TYPE }, body });
      expect(bare.status).toBe(403);
      expect((await send(url, { method: "PUT", headers, body })).status).toBe(200);
      await storage.copy(key, `objects/${randomUUID()}`);
      const uploadId = await storage.startMultipart(key, TYPE);
      const part = await storage.presignPart({ key, uploadId, partNumber: 1, size: 1, expiresIn: 60 });
      expect((await send(part.url, { method: "PUT", headers: part.headers, body })).status).toBe(200);
      await storage.completeMultipart(key, uploadId, await storage.listParts(key, uploadId));
      expect(String(await readBytes(storage, key))).toBe("x");
      await storage.close();
    });

    it("is checked at its public address: reachable, and with signatures that are right there", async () => {
      const at = (publicEndpoint: string) =>
        checkPublicEndpoint({
          storage: { ...bucket.config, publicEndpoint },
          dataDir: "/nowhere",
          publicUrl: "https://api.example.com",
        });
      await at(endpoint);
      await expect(at("http://127.0.0.1:1")).rejects.toThrow("does not answer");
      await expect(at(`${endpoint}/prefix`)).rejects.toThrow("answers 404 NoSuchBucket");
    });

    it("is checked there at start, which goes on and says in the log what is wrong", async () => {
      const said: unknown[] = [];
      const log = pino({}, { write: (line: string) => void said.push(JSON.parse(line)) });
      const storage = { ...bucket.config, publicEndpoint: "http://127.0.0.1:1" };
      const config = { ...parseEnv({ DATABASE_URL: "postgres://coaching_app:pw@db/coaching_app" }), storage };
      await checkSignedUrls({ config, log });
      expect(said).toMatchObject([{ level: 50, msg: expect.stringContaining("S3_PUBLIC_ENDPOINT") }]);
    });
  });
}
