import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createStorage } from "../../src/adapters/storage/create.ts";
import { TYPE } from "./content.ts";

const input = { key: "staging/x.png", contentType: TYPE, size: 1, expiresIn: 60 };

it("makes the disk store below the data folder, which serves its URLs itself", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "storage-"));
  const publicUrl = "https://api.example.com";
  const storage = createStorage({ storage: { driver: "disk", signingKeys: ["k"] }, dataDir, publicUrl });
  await storage.put("objects/x", Buffer.from("x"), { contentType: TYPE, size: 1 });
  expect((await storage.presignPut(input)).url).toMatch(
    /^https:\/\/api\.example\.com\/storage\/staging\/x\.png\?/,
  );
  expect(storage.handle).toBeTypeOf("function");
  await storage.close();
  await rm(join(dataDir, "files"), { recursive: true });
  await rm(dataDir, { recursive: true });
});

it("makes the S3 store, which has nothing to serve and touches no disk", async () => {
  const identity = { accessKeyId: "id", secretAccessKey: "secret" };
  const storage = createStorage({
    storage: {
      driver: "s3",
      endpoint: "http://store:9000",
      publicEndpoint: "https://files.example.com",
      region: "us-east-1",
      bucket: "coaching-app",
      forcePathStyle: true,
      ...identity,
      upload: identity,
      serverSideEncryption: undefined,
      kmsKeyId: undefined,
    },
    dataDir: "/nowhere",
    publicUrl: "https://api.example.com",
  });
  expect((await storage.presignPut(input)).url).toMatch(/^https:\/\/files\.example\.com\/coaching-app\//);
  expect(storage.handle).toBeUndefined();
  await storage.close();
});
